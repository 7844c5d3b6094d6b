//! Functions of time, and the methods of times.

use std::rc::Rc;

use super::{
    super::{
        context::{Context, Fault, Outcome},
        time::{self, NANOS, Time, Zone},
        value::Value,
    },
    Func, Type, fixed, int, made, utf8,
};

const A: Type = Type::Any;
const T: Type = Type::Text;
const D: Type = Type::Time;

pub(super) static TABLE: [Func; 16] = [
    fixed("ago", &[A], |c, a| {
        let age = now(c).since(&moment(c, &a[0]));
        Ok(Value::text(time::format_duration(time::round_duration(
            age, NANOS,
        ))))
    }),
    fixed("date", &[T, A], |c, a| in_zone(c, utf8(&a[0])?, &a[1], "Local")),
    fixed("dateInZone", &[T, A, T], |c, a| {
        in_zone(c, utf8(&a[0])?, &a[1], utf8(&a[2])?)
    }),
    fixed("dateModify", &[T, D], |_, a| {
        Ok(moved(&a[0], &a[1])?.unwrap_or_else(|| a[1].clone()))
    }),
    fixed("date_in_zone", &[T, A, T], |c, a| {
        in_zone(c, utf8(&a[0])?, &a[1], utf8(&a[2])?)
    }),
    fixed("date_modify", &[T, D], |_, a| {
        Ok(moved(&a[0], &a[1])?.unwrap_or_else(|| a[1].clone()))
    }),
    fixed("duration", &[A], |_, a| {
        let seconds = match &a[0] {
            Value::Int64(seconds) => *seconds,
            text @ Value::Text(_) => super::strings::atoi(utf8(text)?).unwrap_or(0),
            _ => 0,
        };
        Ok(Value::text(time::format_duration(seconds.wrapping_mul(NANOS))))
    }),
    fixed("durationRound", &[A], duration_round),
    fixed("htmlDate", &[A], |c, a| in_zone(c, "2006-01-02", &a[0], "Local")),
    fixed("htmlDateInZone", &[A, T], |c, a| {
        in_zone(c, "2006-01-02", &a[0], utf8(&a[1])?)
    }),
    fixed("mustDateModify", &[T, D], must_move),
    fixed("mustToDate", &[T, T], |_, a| {
        let parsed = time::parse(utf8(&a[0])?, utf8(&a[1])?);
        // Go quotes the text. It may be a secret.
        parsed
            .map(value)
            .map_err(|problem| Fault::new(format!("parsing time: {problem}")))
    }),
    fixed("must_date_modify", &[T, D], must_move),
    fixed("now", &[], |c, _| Ok(value(now(c)))),
    fixed("toDate", &[T, T], |_, a| {
        Ok(value(
            time::parse(utf8(&a[0])?, utf8(&a[1])?).unwrap_or_else(|_| Time::zero()),
        ))
    }),
    fixed("unixEpoch", &[D], |_, a| {
        Ok(Value::text(receiver(&a[0]).seconds.to_string()))
    }),
];

/// Methods of a time.
pub(super) static METHODS: [Func; 19] = [
    fixed("Add", &[Type::Int64], |_, a| {
        Ok(value(receiver(&a[0]).plus(int(&a[1]))))
    }),
    fixed("AddDate", &[Type::Int, Type::Int, Type::Int], |_, a| {
        let at = receiver(&a[0]);
        let date = at.date();
        let days = time::days_from_civil(
            date.year.saturating_add(int(&a[1])),
            i64::from(date.month).saturating_add(int(&a[2])),
            i64::from(date.day).saturating_add(int(&a[3])),
        );
        let (hour, minute, second) = at.clock();
        let clock = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        let seconds = days
            .saturating_mul(86_400)
            .saturating_add(clock - i64::from(at.zone.offset));
        Ok(value(Time { seconds, ..at }))
    }),
    fixed("Day", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).date().day)))
    }),
    fixed("Format", &[T], |c, a| {
        formatted(c, &receiver(&a[0]), utf8(&a[1])?)
    }),
    fixed("Hour", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).clock().0)))
    }),
    fixed("IsZero", &[], |_, a| {
        Ok(Value::Bool(receiver(&a[0]).since(&Time::zero()) == 0))
    }),
    fixed("Local", &[], |_, a| {
        Ok(value(receiver(&a[0]).in_zone(Zone::utc())))
    }),
    fixed("Minute", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).clock().1)))
    }),
    fixed("Month", &[], |_, a| {
        Ok(Value::Month(receiver(&a[0]).date().month))
    }),
    fixed("Nanosecond", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).nanos)))
    }),
    fixed("Second", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).clock().2)))
    }),
    fixed("String", &[], |_, a| Ok(Value::text(receiver(&a[0]).to_string()))),
    fixed("UTC", &[], |_, a| Ok(value(receiver(&a[0]).in_zone(Zone::utc())))),
    fixed("Unix", &[], |_, a| Ok(Value::Int64(receiver(&a[0]).seconds))),
    fixed("UnixMilli", &[], |_, a| {
        let at = receiver(&a[0]);
        Ok(Value::Int64(
            at.seconds
                .wrapping_mul(1_000)
                .wrapping_add(i64::from(at.nanos / 1_000_000)),
        ))
    }),
    fixed("UnixNano", &[], |_, a| {
        let at = receiver(&a[0]);
        Ok(Value::Int64(
            at.seconds.wrapping_mul(NANOS).wrapping_add(i64::from(at.nanos)),
        ))
    }),
    fixed("Weekday", &[], |_, a| {
        Ok(Value::Weekday(receiver(&a[0]).weekday()))
    }),
    fixed("Year", &[], |_, a| Ok(Value::Int(receiver(&a[0]).date().year))),
    fixed("YearDay", &[], |_, a| {
        Ok(Value::Int(i64::from(receiver(&a[0]).date().year_day)))
    }),
];

/// Methods of a month and of a weekday.
pub(super) static NAME_METHODS: [Func; 1] = [fixed("String", &[], |_, a| {
    Ok(Value::text(match &a[0] {
        Value::Month(month) => time::month_name(*month),
        Value::Weekday(day) => time::weekday_name(*day),
        _ => "",
    }))
})];

fn value(time: Time) -> Value {
    Value::Time(Rc::new(time))
}

fn receiver(value: &Value) -> Time {
    match value {
        Value::Time(time) => Time::clone(time),
        _ => Time::zero(),
    }
}

fn now(context: &Context<'_>) -> Time {
    let (seconds, nanos) = context.now();
    Time::utc(seconds, nanos)
}

/// A time, or seconds since 1970; of anything else, now.
fn moment(context: &Context<'_>, value: &Value) -> Time {
    match value {
        Value::Time(time) => Time::clone(time),
        Value::Int(seconds) | Value::Int64(seconds) => Time::utc(*seconds, 0),
        _ => now(context),
    }
}

fn in_zone(context: &Context<'_>, layout: &str, value: &Value, zone: &str) -> Outcome {
    let at = moment(context, value);
    let zone = Zone::named(zone, at.seconds).unwrap_or_else(Zone::utc);
    formatted(context, &at.in_zone(zone), layout)
}

fn formatted(context: &Context<'_>, at: &Time, layout: &str) -> Outcome {
    // No piece of a layout grows more than tenfold: `1` to `-0700` at most.
    context.reserve(layout.len().saturating_mul(12))?;
    made(context, at.format(layout).into_bytes())
}

/// A time that is moved by a duration; `None` if it is none.
fn moved(duration: &Value, at: &Value) -> Outcome<Option<Value>> {
    Ok(time::parse_duration(utf8(duration)?).map(|by| value(receiver(at).plus(by))))
}

fn must_move(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    moved(&arguments[0], &arguments[1])?.ok_or_else(|| Fault::new("time: invalid duration"))
}

fn duration_round(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let nanos = match &arguments[0] {
        text @ Value::Text(_) => time::parse_duration(utf8(text)?).unwrap_or(0),
        Value::Int64(nanos) => *nanos,
        Value::Time(time) => now(context).since(time),
        _ => 0,
    };
    let size = nanos.unsigned_abs() / NANOS.unsigned_abs();
    let beyond = nanos.unsigned_abs() % NANOS.unsigned_abs() > 0;
    for (length, unit) in UNITS {
        if size > length || size == length && beyond {
            return Ok(Value::text(format!("{}{unit}", size / length)));
        }
    }
    Ok(Value::text("0s"))
}

/// Seconds of a year, a month and so on.
const UNITS: [(u64, &str); 6] = [
    (31_536_000, "y"),
    (2_592_000, "mo"),
    (86_400, "d"),
    (3_600, "h"),
    (60, "m"),
    (1, "s"),
];
