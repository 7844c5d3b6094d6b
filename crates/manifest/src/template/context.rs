//! What a run may still cost, and what it may use from outside.
//!
//! There is no clock here: a run is bounded by fuel (work) and by bytes (memory), both spent before the work is
//! done. Everything that a template can make large asks first.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use regex::bytes::Regex;
use zeroize::Zeroizing;

use super::{Limits, Outside, value::Value};

/// Fuel of one round of a loop. The default limit of rounds is about a second of work.
pub(super) const ROUND: u64 = 1_000;
/// Fuel of one command or call.
pub(super) const CALL: u64 = 50;
/// Fuel of one value that a function looks at.
pub(super) const STEP: u64 = 10;
/// Deepest nesting of values, of templates and of what they are made of.
pub(super) const MAX_DEPTH: usize = 200;
/// Bytes of an item of a list, with what it is made of.
const ITEM: u64 = 64;
/// How often the largest output may be allocated during one run.
const ALLOCATIONS: u64 = 64;

/// Why a function gave no value: what Go says behind `error calling NAME:`.
pub(super) struct Fault(pub(super) String);

impl Fault {
    /// A fault of this text.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// What a function gives.
pub(super) type Outcome<T = Value> = Result<T, Fault>;

/// The means of one run.
pub(super) struct Context<'a> {
    outside: &'a Outside<'a>,
    output: usize,
    fuel: Cell<u64>,
    bytes: Cell<u64>,
    regexes: RefCell<BTreeMap<Vec<u8>, Rc<Regex>>>,
}

impl<'a> Context<'a> {
    /// The means at the start of a run.
    pub(super) fn new(outside: &'a Outside<'a>, limits: &Limits) -> Self {
        Self {
            outside,
            output: limits.output,
            fuel: Cell::new(limits.rounds.saturating_mul(ROUND)),
            bytes: Cell::new((limits.output as u64).saturating_mul(ALLOCATIONS)),
            regexes: RefCell::default(),
        }
    }

    /// Spends fuel.
    pub(super) fn spend(&self, fuel: u64) -> Outcome<()> {
        let left = self
            .fuel
            .get()
            .checked_sub(fuel)
            .ok_or_else(|| Fault::new("the template does too much work"))?;
        self.fuel.set(left);
        Ok(())
    }

    /// Asks for memory, before it is allocated.
    pub(super) fn reserve(&self, bytes: usize) -> Outcome<()> {
        if bytes > self.output {
            return Err(Fault::new(format!("text of more than {} bytes", self.output)));
        }
        self.take(bytes as u64)
    }

    fn take(&self, bytes: u64) -> Outcome<()> {
        let left = self.bytes.get().checked_sub(bytes);
        self.bytes
            .set(left.ok_or_else(|| Fault::new("the template needs too much memory"))?);
        Ok(())
    }

    /// Asks for a list of this many items.
    pub(super) fn reserve_items(&self, items: usize) -> Outcome<()> {
        self.spend(STEP.saturating_mul(items as u64))?;
        self.take(ITEM.saturating_mul(items as u64))
    }

    /// Most bytes of one text.
    pub(super) fn output(&self) -> usize {
        self.output
    }

    /// Now, as seconds and nanoseconds since 1970.
    pub(super) fn now(&self) -> (i64, u32) {
        self.outside.now
    }

    /// Random bytes.
    pub(super) fn random(&self, bytes: usize) -> Outcome<Zeroizing<Vec<u8>>> {
        self.reserve(bytes)?;
        let mut buffer = Zeroizing::new(vec![0; bytes]);
        if (self.outside.random)(&mut buffer) {
            Ok(buffer)
        } else {
            Err(Fault::new("no random bytes"))
        }
    }

    /// A random number below `end`, each as likely as the others.
    pub(super) fn random_below(&self, end: u64) -> Outcome<u64> {
        let end = end.max(1);
        // Numbers at or above the last multiple of `end` would make small results likelier: drawn again.
        let ceiling = u64::MAX - u64::MAX % end;
        loop {
            self.spend(STEP)?;
            let mut number = [0; 8];
            if !(self.outside.random)(&mut number) {
                return Err(Fault::new("no random bytes"));
            }
            let number = u64::from_le_bytes(number);
            if number < ceiling {
                return Ok(number % end);
            }
        }
    }

    /// A regular expression that was compiled before, or compiles it with `make`.
    pub(super) fn regex(&self, pattern: &[u8], make: impl FnOnce() -> Outcome<Regex>) -> Outcome<Rc<Regex>> {
        if let Some(known) = self.regexes.borrow().get(pattern) {
            return Ok(Rc::clone(known));
        }
        self.spend(100 * ROUND)?;
        let made = Rc::new(make()?);
        self.regexes
            .borrow_mut()
            .insert(pattern.to_vec(), Rc::clone(&made));
        Ok(made)
    }
}
