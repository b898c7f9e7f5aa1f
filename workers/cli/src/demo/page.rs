//! A report as one self-contained HTML page: loss curve, path of the dispute, money.

use std::fmt::Write as _;

use super::report::{Comparison, Game, Measure, Report};

/// The page of a report.
pub(crate) fn render(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, report);
    page
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = format!("Assay: {}", report.scenario);
    writeln!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>"
    )?;
    let (badge, word) = if report.passed() { ("good", "as it should be") } else { ("bad", "WRONG") };
    writeln!(out, "<main><h1>{}<span class=\"badge {badge}\">{word}</span></h1>", escape(report.scenario))?;
    writeln!(out, "<p class=\"story\">{}</p>", escape(report.story))?;
    writeln!(out, "<p><b>{}</b> · seed {} · {:.1} s</p>", escape(&report.outcome), report.seed, report.seconds)?;
    write_tiles(out, report)?;
    if !report.loss.is_empty() {
        writeln!(out, "<h2>Training loss</h2>{}", loss_curve(report))?;
    }
    for game in &report.games {
        write_game(out, game)?;
    }
    write_balances(out, report)?;
    write_work(out, report)?;
    write_calls(out, report)?;
    writeln!(out, "<h2>What had to hold</h2><ul class=\"checks\">")?;
    for check in &report.checks {
        let (class, mark) = if check.ok { ("good", "✓") } else { ("bad", "✗") };
        writeln!(
            out,
            "<li><span class=\"{class}\">{mark}</span> {}: {}</li>",
            escape(&check.what),
            escape(&check.seen)
        )?;
    }
    writeln!(out, "</ul></main></html>")
}

fn write_tiles(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "<div class=\"tiles\">")?;
    let mut tile = |value: String, label: &str| {
        writeln!(out, "<div class=\"tile\"><b>{}</b><span>{}</span></div>", escape(&value), escape(label))
    };
    for Measure { name, delivered, plain, .. } in report.quality.iter().flat_map(Comparison::measures) {
        tile(delivered, &format!("{name} of the delivered model"))?;
        tile(plain, &format!("{name} of the same training in plain libtorch"))?;
    }
    tile(format!("{:.2} s", report.work_total()), "compute of all roles")?;
    if let Some(overhead) = report.overhead {
        tile(format!("{:+.0} %", 100.0 * overhead), "over plain libtorch")?;
    }
    tile(report.games.len().to_string(), "disputes")?;
    writeln!(out, "</div>")
}

fn write_game(out: &mut String, game: &Game) -> std::fmt::Result {
    let bytes: u64 = game.moves.iter().map(|m| m.bytes).sum();
    writeln!(
        out,
        "<h2>Dispute {}: {} challenges {}</h2><p>{}</p>",
        game.id,
        escape(&game.challenger),
        escape(&game.asserter),
        escape(&game.claim)
    )?;
    writeln!(out, "<div class=\"path\">")?;
    for (label, value) in &game.located {
        writeln!(out, "<div class=\"hop\"><span>{}</span><b>{}</b></div>", escape(label), escape(value))?;
    }
    writeln!(out, "</div>")?;
    if let (Some(claimed), Some(computed)) = (game.claimed, game.computed) {
        let same = if claimed.to_bits() == computed.to_bits() { "good" } else { "bad" };
        writeln!(
            out,
            "<div class=\"tiles\"><div class=\"tile\"><b class=\"{same}\">{claimed:e}</b><span>claimed (0x{:08x})</span></div>\
             <div class=\"tile\"><b>{computed:e}</b><span>computed by the contract (0x{:08x})</span></div></div>",
            claimed.to_bits(),
            computed.to_bits()
        )?;
    }
    let winner = if game.asserter_won { &game.asserter } else { &game.challenger };
    writeln!(out, "<p><b>{} wins</b>: {}</p>", escape(winner), escape(&game.reason))?;
    writeln!(
        out,
        "<details><summary>{} moves, {bytes} bytes</summary><table><tr><th class=\"n\">#<th>side<th>move<th class=\"n\">bytes<th></tr>",
        game.moves.len()
    )?;
    for (index, m) in game.moves.iter().enumerate() {
        writeln!(
            out,
            "<tr><td class=\"n\">{}<td>{}<td>{}<td class=\"n\">{}<td>{}</tr>",
            index + 1,
            escape(&m.mover),
            escape(&m.kind),
            m.bytes,
            escape(&m.detail)
        )?;
    }
    writeln!(out, "</table></details>")
}

fn write_balances(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>Money (UNIT)</h2><table><tr><th>who<th class=\"n\">before<th class=\"n\">after<th class=\"n\">difference<th>because</tr>"
    )?;
    for balance in &report.balances {
        let reasons: Vec<String> = balance
            .reasons
            .iter()
            .map(|(why, amount)| format!("{} {:+.6}", escape(why), *amount as f64 / 1e12))
            .collect();
        let difference = (balance.after as f64 - balance.before as f64) / 1e12;
        let class = if difference < 0.0 { "bad" } else { "good" };
        writeln!(
            out,
            "<tr><td>{}<td class=\"n\">{:.6}<td class=\"n\">{:.6}<td class=\"n {class}\">{difference:+.6}<td>{}</tr>",
            escape(&balance.who),
            balance.before as f64 / 1e12,
            balance.after as f64 / 1e12,
            reasons.join("<br>")
        )?;
    }
    writeln!(out, "</table>")
}

fn write_work(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "<h2>Work</h2><table><tr><th>who<th>stage<th class=\"n\">processor seconds<th></tr>")?;
    let most = report.work.iter().map(|w| w.cpu).fold(1e-9, f64::max);
    for work in &report.work {
        writeln!(
            out,
            "<tr><td>{}<td>{}<td class=\"n\">{:.3}<td><div class=\"bar\" style=\"width:{:.0}px\"></div></tr>",
            escape(&work.who),
            escape(&work.stage),
            work.cpu,
            200.0 * work.cpu / most
        )?;
    }
    writeln!(out, "</table>")
}

fn write_calls(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>Calls</h2><table><tr><th>message<th class=\"n\">count<th class=\"n\">largest weight (ms)<th class=\"n\">of a block<th class=\"n\">bytes<th class=\"n\">fees (UNIT)</tr>"
    )?;
    for call in &report.calls {
        writeln!(
            out,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{:.3}<td class=\"n\">{:.2} %<td class=\"n\">{}<td class=\"n\">{:.6}</tr>",
            escape(&call.label),
            call.count,
            call.gas_max as f64 / 1e9,
            100.0 * call.gas_max as f64 / super::table::BLOCK_REF_TIME,
            call.bytes,
            call.fees as f64 / 1e12
        )?;
    }
    writeln!(out, "</table>")
}

/// Both loss curves as an inline SVG with axes.
fn loss_curve(report: &Report) -> String {
    const WIDTH: f64 = 860.0;
    const HEIGHT: f64 = 260.0;
    const LEFT: f64 = 46.0;
    const BOTTOM: f64 = 26.0;
    let all = || report.loss.iter().chain(&report.plain_loss).filter(|(_, loss)| loss.is_finite());
    let last_step = all().map(|(step, _)| *step).max().unwrap_or(1).max(1) as f64;
    let top = all().map(|(_, loss)| f64::from(*loss)).fold(1e-6, f64::max) * 1.05;
    let x = |step: u64| LEFT + (WIDTH - LEFT - 8.0) * step as f64 / last_step;
    let y = |loss: f64| 8.0 + (HEIGHT - BOTTOM - 8.0) * (1.0 - loss / top);
    let line = |points: &[(u64, f32)], class: &str| {
        let path: Vec<String> = points
            .iter()
            .filter(|(_, loss)| loss.is_finite())
            .map(|(step, loss)| format!("{:.1},{:.1}", x(*step), y(f64::from(*loss))))
            .collect();
        format!("<polyline class=\"{class}\" points=\"{}\"/>", path.join(" "))
    };
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"training loss by step\">");
    for (loss, label) in ticks(top) {
        let ty = y(loss);
        let _ =
            write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{ty:.1}\" y2=\"{ty:.1}\"/>", WIDTH - 8.0);
        let _ = write!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 6.0, ty + 4.0);
    }
    for (step, label) in ticks(last_step) {
        let tx = LEFT + (WIDTH - LEFT - 8.0) * step / last_step;
        let _ = write!(svg, "<text x=\"{tx:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", HEIGHT - 6.0);
    }
    svg.push_str(&line(&report.plain_loss, "plain"));
    svg.push_str(&line(&report.loss, "assay"));
    svg.push_str("</svg><p class=\"legend\"><span class=\"key assay\"></span>the solver <span class=\"key plain\"></span>plain libtorch, same weights and data order</p>");
    svg
}

/// Round values from 0 up to `top`, five to ten of them, and their labels.
fn ticks(top: f64) -> impl Iterator<Item = (f64, String)> {
    let power = 10_f64.powf((top / 4.0).log10().floor());
    let stride = [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|stride| top / stride >= 4.0).unwrap_or(power);
    let decimals = (-stride.log10().floor()).max(0.0) as usize;
    let values = (0..).map(move |n| f64::from(n) * stride).take_while(move |value| *value <= top);
    values.map(move |value| (value, format!("{value:.decimals$}")))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;color:#1d2430;background:#f6f7f9;margin:0}\
main{max-width:900px;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border:1px solid #e3e6ea;border-radius:10px}\
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}.story{color:#566}\
.badge{font-size:.8rem;margin-left:.8rem;padding:.2rem .6rem;border-radius:99px;vertical-align:middle}\
.badge.good{background:#e2f4e7}.badge.bad{background:#fbe3e3}.good{color:#176c35}.bad{color:#a51d1d}\
.tiles{display:flex;flex-wrap:wrap;gap:.7rem;margin:1rem 0}.tile{border:1px solid #e3e6ea;border-radius:8px;padding:.5rem .9rem}\
.tile b{display:block;font-size:1.2rem}.tile span{color:#667;font-size:.85rem}\
table{border-collapse:collapse;width:100%;font-size:.88rem}th{text-align:left;color:#667;font-weight:500}\
td,th{padding:.25rem .6rem .25rem 0;border-bottom:1px solid #eef0f2;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}\
.path{display:flex;flex-wrap:wrap;gap:.4rem}.hop{border:1px solid #cfd6de;border-radius:8px;padding:.3rem .7rem;background:#f9fafb;position:relative}\
.hop span{display:block;color:#667;font-size:.75rem}.hop+.hop::before{content:'→';position:absolute;left:-.55rem;top:.6rem;color:#99a}\
.bar{height:.7rem;background:#7aa6d9;border-radius:3px;margin-top:.35rem}.checks{list-style:none;padding:0}\
svg{width:100%;height:auto}svg text{font-size:11px;fill:#667}polyline{fill:none;stroke-width:1.6}.grid{stroke:#eceff2}\
polyline.assay{stroke:#2563b8}polyline.plain{stroke:#e08a2c;stroke-width:4;opacity:.55}\
.key{display:inline-block;width:1.4rem;height:.25rem;vertical-align:middle;margin:0 .4rem 0 1rem}.key.assay{background:#2563b8}.key.plain{background:#e08a2c}\
details{margin:.5rem 0}summary{cursor:pointer;color:#2563b8}";
