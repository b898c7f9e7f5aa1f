//! What part of a blob a request asks for.
use crate::slice::Span;
use axum::http::{header, HeaderMap};

/// What a `Range` header means for a blob.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it; also for forms that a server may ignore.
    All,
    /// These bytes, at least one.
    Part(u64, u64),
    /// Nothing that it has.
    Outside,
}

/// Reads a `Range` header with one range.
pub(super) fn range(headers: &HeaderMap, len: u64) -> Asked {
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = text.and_then(|text| text.strip_prefix("bytes=")).and_then(|text| text.split_once('-'))
    else {
        return Asked::All;
    };
    let (start, end) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(start), Ok(last)) if last >= start => (start, last.saturating_add(1).min(len)),
        (Ok(start), Err(_)) if last.trim().is_empty() => (start, len),
        (Err(_), Ok(suffix)) if first.trim().is_empty() => (len.saturating_sub(suffix), len),
        _ => return Asked::All,
    };
    if start < end {
        Asked::Part(start, end)
    } else {
        Asked::Outside
    }
}

/// Reads `start=` and `end=` of a query; a slice without them is the whole blob.
pub(super) fn span(query: Option<&str>) -> Result<Span, String> {
    let mut span = Span::from(0);
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is not a number of bytes"));
        match pair.split_once('=') {
            Some(("start", text)) => span.start = number(text)?,
            Some(("end", text)) => span.end = Some(number(text)?),
            _ => return Err(format!("{pair:?} is not understood: use start= and end=")),
        }
    }
    if span.end.is_some_and(|end| end < span.start) {
        return Err("end lies before start".into());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, text.parse().unwrap());
        range(&headers, 100)
    }

    #[test]
    fn ranges_are_read_as_the_http_standard_says() {
        assert_eq!(asked("bytes=0-0"), Asked::Part(0, 1));
        assert_eq!(asked("bytes=10-"), Asked::Part(10, 100));
        assert_eq!(asked("bytes=-10"), Asked::Part(90, 100));
        assert_eq!(asked("bytes=-1000"), Asked::Part(0, 100));
        assert_eq!(asked("bytes=90-1000"), Asked::Part(90, 100));
        assert_eq!(asked("bytes=100-"), Asked::Outside);
        assert_eq!(asked("bytes=-0"), Asked::Outside);
        for ignored in
            ["bytes=5-1", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=-", "bytes=0-18446744073709551616"]
        {
            assert_eq!(asked(ignored), Asked::All, "{ignored}");
        }
        assert_eq!(asked("bytes=0-18446744073709551615"), Asked::Part(0, 100));
    }

    #[test]
    fn queries_are_read_strictly() {
        assert_eq!(span(None), Ok(Span::from(0)));
        assert_eq!(span(Some("start=5&end=7")), Ok(Span { start: 5, end: Some(7) }));
        for wrong in ["start=-1", "start", "begin=1", "start=7&end=5", "end=99999999999999999999"] {
            assert!(span(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
