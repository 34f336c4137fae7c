//! Reads what `write` wrote, and finds out when it is something else.

use super::{ANY, BOOLS, CODED, INTS, NUMBERS, TEXTS, TIMES, UNITS};
use crate::audience::Typed;
use crate::model::Value;
use crate::store::sqlite::codec::{Damaged, Decoded, Reader};
use crate::store::sqlite::users::BLOCK_ROWS;

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(super) fn places(&mut self, n: usize, among: Option<&[u16]>) -> Decoded<Vec<u16>> {
        if let Some(all) = among.filter(|all| all.len() == n) {
            return Ok(all.to_vec());
        }
        let mut next = 0;
        let mut places = Vec::with_capacity(n);
        for _ in 0..n {
            let place = self.number()?.checked_add(next).ok_or(Damaged)?;
            if place >= u64::from(BLOCK_ROWS) {
                return Err(Damaged);
            }
            places.push(u16::try_from(place).map_err(|_| Damaged)?);
            next = place + 1;
        }
        let is_known = |place: &u16| among.is_none_or(|all| all.binary_search(place).is_ok());
        places.iter().all(is_known).then_some(places).ok_or(Damaged)
    }

    pub(super) fn texts(&mut self, n: usize) -> Decoded<Vec<&'a str>> {
        let ends = (0..n).scan(0_usize, |end, _| {
            let len = self.number().ok().and_then(|n| usize::try_from(n).ok());
            *end = len
                .and_then(|len| end.checked_add(len))
                .unwrap_or(usize::MAX);
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        let whole = self.text()?;
        let mut begin = 0;
        let texts = ends.iter().map(|end| {
            let text = whole.get(begin..*end);
            begin = *end;
            text.ok_or(Damaged)
        });
        let texts = texts.collect::<Decoded<Vec<_>>>()?;
        if begin == whole.len() {
            Ok(texts)
        } else {
            Err(Damaged)
        }
    }

    pub(super) fn typed(&mut self, n: usize) -> Decoded<Typed<'a>> {
        Ok(match self.byte()? {
            BOOLS => Typed::Bools(self.bits(n)?),
            INTS => Typed::Ints(self.ints(n)?),
            NUMBERS => {
                let numbers = (0..n).map(|_| Ok(f64::from_le_bytes(self.array()?)));
                let numbers: Vec<f64> = numbers.collect::<Decoded<_>>()?;
                let whole = self.bits(n)?;
                Typed::Numbers(numbers.into_iter().zip(whole).collect())
            }
            TIMES => Typed::Times {
                unit: *UNITS.get(usize::from(self.byte()?)).ok_or(Damaged)?,
                ticks: self.ints(n)?,
            },
            TEXTS => Typed::Texts(self.texts(n)?),
            CODED => {
                let n_entries = self.count()?;
                let entries: Vec<Value> = (0..n_entries)
                    .map(|_| self.present(0))
                    .collect::<Decoded<_>>()?;
                let codes = (0..n).map(|_| {
                    let code = usize::try_from(self.number()?).map_err(|_| Damaged)?;
                    if code >= entries.len() {
                        return Err(Damaged);
                    }
                    u16::try_from(code).map_err(|_| Damaged)
                });
                let codes = codes.collect::<Decoded<_>>()?;
                Typed::Coded { entries, codes }
            }
            ANY => Typed::Any((0..n).map(|_| self.present(0)).collect::<Decoded<_>>()?),
            _ => return Err(Damaged),
        })
    }

    fn ints(&mut self, n: usize) -> Decoded<Vec<i64>> {
        let least = self.signed()?;
        let ints = (0..n).map(|_| Ok(least.wrapping_add(self.number()?.cast_signed())));
        ints.collect()
    }

    fn bits(&mut self, n: usize) -> Decoded<Vec<bool>> {
        let mut bits = Vec::with_capacity(n);
        while bits.len() < n {
            let byte = self.byte()?;
            let left = (n - bits.len()).min(8);
            bits.extend((0..left).map(|bit| byte >> bit & 1 == 1));
        }
        Ok(bits)
    }
}
