//! Elementwise operations, comparisons and reductions.
use super::Operands;
use crate::import::onnx::constant::{broadcast_strides, Constant, Items, Kind, Places};
use crate::import::onnx::shapes;
use crate::import::onnx::OnnxError;

/// The result, `None` if the operator is none of these.
pub(super) fn evaluate(operator: &str, operands: &Operands<'_>) -> Result<Option<Constant>, OnnxError> {
    let result = match operator {
        "Add" => numbers(operands, |a, b| Some(a.wrapping_add(b)), |a, b| a + b)?,
        "Sub" => numbers(operands, |a, b| Some(a.wrapping_sub(b)), |a, b| a - b)?,
        "Mul" => numbers(operands, |a, b| Some(a.wrapping_mul(b)), |a, b| a * b)?,
        "Div" => numbers(operands, i64::checked_div, |a, b| a / b)?,
        "Mod" if operands.node.int("fmod")?.unwrap_or(0) == 0 => numbers(operands, floor_mod, |_, _| f32::NAN)?,
        "Mod" => numbers(operands, i64::checked_rem, |a, b| a % b)?,
        "Min" => numbers(operands, |a, b| Some(a.min(b)), f32::min)?,
        "Max" => numbers(operands, |a, b| Some(a.max(b)), f32::max)?,
        "Pow" => power(operands)?,
        "Equal" => compare(operands, |a, b| a == b, |a, b| a == b)?,
        "Less" => compare(operands, |a, b| a < b, |a, b| a < b)?,
        "LessOrEqual" => compare(operands, |a, b| a <= b, |a, b| a <= b)?,
        "Greater" => compare(operands, |a, b| a > b, |a, b| a > b)?,
        "GreaterOrEqual" => compare(operands, |a, b| a >= b, |a, b| a >= b)?,
        "And" => logic(operands, |a, b| a && b)?,
        "Or" => logic(operands, |a, b| a || b)?,
        "Xor" => logic(operands, |a, b| a != b)?,
        "Not" => {
            let x = operands.get(0)?;
            let items = x.to_bools().iter().map(|item| !item).collect();
            operands.result(Constant::new(x.dims().to_vec(), Items::Bool(items)))?
        }
        "Neg" => unary(operands, |x| Some(x.wrapping_neg()), |x| -x)?,
        "Abs" => unary(operands, |x| Some(x.wrapping_abs()), f32::abs)?,
        "Sign" => unary(operands, |x| Some(x.signum()), |x| if x == 0.0 { 0.0 } else { x.signum() })?,
        "Sqrt" => unary(operands, |_| None, f32::sqrt)?,
        "Reciprocal" => unary(operands, |_| None, |x| 1.0 / x)?,
        "Floor" => unary(operands, Some, f32::floor)?,
        "Ceil" => unary(operands, Some, f32::ceil)?,
        "IsNaN" => {
            let x = operands.get(0)?;
            let items = x.to_floats().iter().map(|item| item.is_nan()).collect();
            operands.result(Constant::new(x.dims().to_vec(), Items::Bool(items)))?
        }
        "Where" => choose(operands)?,
        "ReduceProd" => reduce(operands, i64::wrapping_mul, |a, b| a * b)?,
        "ReduceSum" => reduce(operands, i64::wrapping_add, |a, b| a + b)?,
        "ReduceMax" => reduce(operands, i64::max, f32::max)?,
        "ReduceMin" => reduce(operands, i64::min, f32::min)?,
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// Python's remainder: of the divisor's sign.
fn floor_mod(a: i64, b: i64) -> Option<i64> {
    let rest = a.checked_rem(b)?;
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest.wrapping_add(b) } else { rest })
}

/// Two operands, broadcast.
fn zip<T: Copy, U>(
    (a, a_dims): (&[T], &[u64]),
    (b, b_dims): (&[T], &[u64]),
    f: impl Fn(T, T) -> Option<U>,
) -> Option<(Vec<u64>, Vec<U>)> {
    if a_dims == b_dims {
        let items: Option<Vec<U>> = a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect();
        return Some((a_dims.to_vec(), items?));
    }
    let dims = shapes::broadcast(a_dims, b_dims).ok()?;
    let (a_strides, b_strides) = (broadcast_strides(a_dims, &dims)?, broadcast_strides(b_dims, &dims)?);
    let places = Places::new(&dims, &a_strides, 0)?;
    let mut items = Vec::with_capacity(places.size_hint().0);
    for (i, j) in places.zip(Places::new(&dims, &b_strides, 0)?) {
        items.push(f(*a.get(usize::try_from(i).ok()?)?, *b.get(usize::try_from(j).ok()?)?)?);
    }
    Some((dims, items))
}

fn numbers(
    operands: &Operands<'_>,
    int: impl Fn(i64, i64) -> Option<i64>,
    float: impl Fn(f32, f32) -> f32,
) -> Result<Constant, OnnxError> {
    let a = operands.get(0)?;
    // A minimum or maximum may be of one alone.
    if operands.inputs.len() == 1 {
        return Ok(a.clone());
    }
    let b = operands.get(1)?;
    if operands.inputs.len() > 2 {
        return Err(operands.node.usage("more than two constants"));
    }
    let result = match (a.items(), b.items()) {
        (Items::Int(x), Items::Int(y)) => {
            zip((x, a.dims()), (y, b.dims()), int).map(|(dims, items)| (dims, Items::Int(items)))
        }
        (Items::Float(x), Items::Float(y)) => {
            zip((x, a.dims()), (y, b.dims()), |x, y| Some(float(x, y))).map(|(dims, items)| (dims, Items::Float(items)))
        }
        _ => return Err(operands.node.usage("its inputs have different element types")),
    };
    operands.result(result.and_then(|(dims, items)| Constant::new(dims, items)))
}

fn compare(
    operands: &Operands<'_>,
    int: impl Fn(i64, i64) -> bool,
    float: impl Fn(f32, f32) -> bool,
) -> Result<Constant, OnnxError> {
    let (a, b) = (operands.get(0)?, operands.get(1)?);
    let result = match (a.items(), b.items()) {
        (Items::Int(x), Items::Int(y)) => zip((x, a.dims()), (y, b.dims()), |x, y| Some(int(x, y))),
        (Items::Float(x), Items::Float(y)) => zip((x, a.dims()), (y, b.dims()), |x, y| Some(float(x, y))),
        (Items::Bool(x), Items::Bool(y)) => {
            zip((x, a.dims()), (y, b.dims()), |x, y| Some(int(i64::from(x), i64::from(y))))
        }
        _ => return Err(operands.node.usage("its inputs have different element types")),
    };
    operands.result(result.and_then(|(dims, items)| Constant::new(dims, Items::Bool(items))))
}

fn logic(operands: &Operands<'_>, f: impl Fn(bool, bool) -> bool) -> Result<Constant, OnnxError> {
    let (a, b) = (operands.get(0)?, operands.get(1)?);
    let result = zip((&a.to_bools(), a.dims()), (&b.to_bools(), b.dims()), |x, y| Some(f(x, y)));
    operands.result(result.and_then(|(dims, items)| Constant::new(dims, Items::Bool(items))))
}

fn unary(
    operands: &Operands<'_>,
    int: impl Fn(i64) -> Option<i64>,
    float: impl Fn(f32) -> f32,
) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let items = match x.items() {
        Items::Int(items) => items.iter().map(|&item| int(item)).collect::<Option<_>>().map(Items::Int),
        Items::Float(items) => Some(Items::Float(items.iter().map(|&item| float(item)).collect())),
        Items::Bool(_) => None,
    };
    operands.result(items.and_then(|items| Constant::new(x.dims().to_vec(), items)))
}

/// Powers that are products, roots and quotients: others differ from machine to machine.
fn power(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let exponent = operands.get(1)?.uniform().filter(|_| operands.get(1).is_ok_and(|constant| constant.len() == 1));
    let x = operands.get(0)?;
    let Some(exponent) = exponent else {
        return Err(operands.node.usage("powers with several exponents aren't supported"));
    };
    if x.kind() == Kind::Int {
        let exponent = (0.0..64.0).contains(&exponent).then_some(exponent as u32);
        let exponent =
            exponent.filter(|&whole| whole as f32 == operands.get(1).ok().and_then(Constant::uniform).unwrap_or(-1.0));
        return unary(operands, |x| exponent.map(|exponent| x.wrapping_pow(exponent)), |x| x);
    }
    let whole = |x: f32, times: u32| (0..times).fold(1.0_f32, |product, _| product * x);
    match exponent {
        0.5 => unary(operands, |_| None, f32::sqrt),
        -0.5 => unary(operands, |_| None, |x| 1.0 / x.sqrt()),
        -1.0 => unary(operands, |_| None, |x| 1.0 / x),
        0.0 | 1.0 | 2.0 | 3.0 | 4.0 => unary(operands, |_| None, |x| whole(x, exponent as u32)),
        _ => Err(operands.node.usage(format!("constants to the power of {exponent} aren't supported"))),
    }
}

fn choose(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let (condition, x, y) = (operands.get(0)?, operands.get(1)?, operands.get(2)?);
    let dims = operands.fail(shapes::broadcast(x.dims(), y.dims()))?;
    let dims = operands.fail(shapes::broadcast(condition.dims(), &dims))?;
    let chosen = condition.to_bools();
    fn pick<T: Copy>(dims: &[u64], chosen: (&[bool], &[u64]), x: (&[T], &[u64]), y: (&[T], &[u64])) -> Option<Vec<T>> {
        let strides = [chosen.1, x.1, y.1].map(|own| broadcast_strides(own, dims));
        let [Some(c), Some(a), Some(b)] = &strides else { return None };
        let places = Places::new(dims, c, 0)?;
        let mut items = Vec::with_capacity(places.size_hint().0);
        for ((c, a), b) in places.zip(Places::new(dims, a, 0)?).zip(Places::new(dims, b, 0)?) {
            let yes = *chosen.0.get(usize::try_from(c).ok()?)?;
            let (from, place) = if yes { (x.0, a) } else { (y.0, b) };
            items.push(*from.get(usize::try_from(place).ok()?)?);
        }
        Some(items)
    }
    let chosen = (&chosen[..], condition.dims());
    let items = match (x.items(), y.items()) {
        (Items::Int(a), Items::Int(b)) => pick(&dims, chosen, (a, x.dims()), (b, y.dims())).map(Items::Int),
        (Items::Float(a), Items::Float(b)) => pick(&dims, chosen, (a, x.dims()), (b, y.dims())).map(Items::Float),
        (Items::Bool(a), Items::Bool(b)) => pick(&dims, chosen, (a, x.dims()), (b, y.dims())).map(Items::Bool),
        _ => return Err(operands.node.usage("its inputs have different element types")),
    };
    operands.result(items.and_then(|items| Constant::new(dims, items)))
}

fn reduce(
    operands: &Operands<'_>,
    int: impl Fn(i64, i64) -> i64,
    float: impl Fn(f32, f32) -> f32,
) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let rank = x.dims().len();
    let axes = match (operands.optional_ints(1)?, operands.node.ints("axes")?) {
        (Some(axes), _) | (None, Some(axes)) if !axes.is_empty() => operands.fail(shapes::axes(axes, rank))?,
        _ if operands.node.int("noop_with_empty_axes")?.unwrap_or(0) != 0 => return Ok(x.clone()),
        _ => (0..rank).collect(),
    };
    let (mut kept, mut reduced) = (x.dims().to_vec(), vec![1; rank]);
    for &axis in &axes {
        reduced[axis] = std::mem::replace(&mut kept[axis], 1);
    }
    let strides = crate::import::onnx::constant::strides_of(x.dims());
    fn run<T: Copy>(
        items: &[T],
        (kept, reduced): (&[u64], &[u64]),
        strides: &[i64],
        f: impl Fn(T, T) -> T,
    ) -> Option<Vec<T>> {
        let at = |place: i64| items.get(usize::try_from(place).ok()?).copied();
        let mut results = Vec::new();
        for first in Places::new(kept, strides, 0)? {
            let mut places = Places::new(reduced, strides, first)?;
            let mut result = at(places.next()?)?;
            for place in places {
                result = f(result, at(place)?);
            }
            results.push(result);
        }
        Some(results)
    }
    let items = match x.items() {
        Items::Int(items) => run(items, (&kept, &reduced), &strides, int).map(Items::Int),
        Items::Float(items) => run(items, (&kept, &reduced), &strides, float).map(Items::Float),
        Items::Bool(_) => None,
    };
    if operands.node.int("keepdims")?.unwrap_or(1) == 0 {
        let rest = x.dims().iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        kept = rest.map(|(_, &dim)| dim).collect();
    }
    operands.result(items.and_then(|items| Constant::new(kept, items)))
}
