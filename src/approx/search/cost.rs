//! What a composite costs by a user's prices; depth and multiplications are those of [`crate::poly::cost`].
//!
//! # With a price for each level
//! A multiplication gets cheaper as the modulus shrinks. The same recurrence with the price of the level
//! in place of 1 prices a stage: a power is made at the least depth that it can have, the product of
//! depth `j` at depth `j`. Level 1 is the last multiplication of all, the final `x p(x)`.

use crate::error::{Error, Result};
use crate::poly::cost::price;
pub use crate::poly::cost::{composite_depth, composite_mults, depth, mults};

/// Largest degree that the cost is derived for.
pub const MAX_DEGREE: usize = 63;

/// Largest price of one multiplication in a [`CostTable`]: sums of all multiplications stay exact.
pub const MAX_PRICE: u64 = 1_000_000_000_000;

/// Largest level of a [`CostTable`].
pub const MAX_LEVEL: usize = 256;

/// Price of one multiplication at each level; level 1 is the last before the levels are used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostTable {
    prices: Vec<u64>,
}

impl CostTable {
    /// Reads `{"cost": {"1": 180, "2": 195, ...}}`: whole numbers from 1 to [`MAX_PRICE`] in any unit,
    /// for all levels from 1 to the greatest.
    ///
    /// # Errors
    /// A parse error that names the level: one left out, given twice, out of range, or not a number.
    ///
    /// # Examples
    /// ```
    /// use polycert::approx::search::cost::CostTable;
    /// let table = CostTable::from_json(r#"{"cost": {"1": 3, "2": 4}}"#).unwrap();
    /// assert_eq!(table.levels(), 2);
    /// let hole = CostTable::from_json(r#"{"cost": {"1": 3, "3": 4}}"#).unwrap_err();
    /// assert_eq!(hole.to_string(), "cost: level 2 has no price (the greatest level is 3)");
    /// ```
    pub fn from_json(text: &str) -> Result<Self> {
        let raw: Raw = serde_json::from_str(text).map_err(|e| {
            Error::parse(
                format!("line {} column {}", e.line(), e.column()),
                e.to_string(),
            )
        })?;
        let mut prices: Vec<Option<u64>> = Vec::new();
        for (name, value) in raw.cost.0 {
            let place = format!("cost: level {name:?}");
            let level: usize = name
                .parse::<usize>()
                .ok()
                .filter(|l| (1..=MAX_LEVEL).contains(l) && l.to_string() == name)
                .ok_or_else(|| {
                    Error::parse(&place, format!("a level is a number from 1 to {MAX_LEVEL}"))
                })?;
            let price = value
                .as_u64()
                .filter(|p| (1..=MAX_PRICE).contains(p))
                .ok_or_else(|| {
                    let limit =
                        format!("a price is a whole number from 1 to {MAX_PRICE}, not {value}");
                    Error::parse(&place, limit)
                })?;
            prices.resize(prices.len().max(level), None);
            if prices[level - 1].replace(price).is_some() {
                return Err(Error::parse(place, "given twice"));
            }
        }
        let greatest = prices.len();
        if greatest == 0 {
            return Err(Error::parse("cost", "no level has a price"));
        }
        let prices = prices
            .into_iter()
            .enumerate()
            .map(|(i, price)| {
                let detail = format!(
                    "level {} has no price (the greatest level is {greatest})",
                    i + 1
                );
                price.ok_or_else(|| Error::parse("cost", detail))
            })
            .collect::<Result<_>>()?;
        Ok(Self { prices })
    }

    /// Number of levels with a price; a deeper composite cannot be priced.
    pub fn levels(&self) -> usize {
        self.prices.len()
    }

    /// Price of one multiplication at `level`, `1..=levels()`.
    pub fn price(&self, level: usize) -> u64 {
        self.prices[level - 1]
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    cost: Entries,
}

/// The members of an object in their order, so that one given twice is seen.
struct Entries(Vec<(String, serde_json::Value)>);

impl<'de> serde::Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Entries;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with a price for each level")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Entries, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Entries(all))
            }
        }
        d.deserialize_map(Visitor)
    }
}

/// How multiplications are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prices {
    /// Every multiplication counts 1.
    Unit,
    /// By level.
    Table(CostTable),
}

impl Prices {
    /// Price of a stage after which `after` levels remain; `None` beyond the table's levels.
    pub(crate) fn stage(&self, degree: usize, after: usize) -> Option<u64> {
        let top = after + depth(degree);
        match self {
            Self::Unit => Some(mults(degree) as u64),
            Self::Table(table) if top > table.levels() => None,
            Self::Table(table) => Some(price(degree, &|j| table.price(top + 1 - j))),
        }
    }

    /// Price of a whole composite; `None` beyond the table's levels.
    pub fn composite(&self, degrees: &[usize], product: bool) -> Option<u64> {
        let mut after = usize::from(product);
        let mut sum = if product { self.product() } else { 0 };
        for &degree in degrees.iter().rev() {
            sum += self.stage(degree, after)?;
            after += depth(degree);
        }
        Some(sum)
    }

    /// Price of the final product `x p(x)`.
    pub(crate) fn product(&self) -> u64 {
        match self {
            Self::Unit => 1,
            Self::Table(table) => table.price(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_prices_count_multiplications() {
        let text: Vec<String> = (1..=20).map(|l| format!("\"{l}\": 7")).collect();
        let table = CostTable::from_json(&format!("{{\"cost\": {{{}}}}}", text.join(","))).unwrap();
        let flat = Prices::Table(table);
        let degrees = [15, 27, 29];
        assert_eq!(flat.composite(&degrees, true), Some(7 * 30));
        assert_eq!(Prices::Unit.composite(&degrees, true), Some(30));
        assert_eq!(flat.composite(&[31; 4], true), None);
    }

    #[test]
    fn bad_tables_name_the_level() {
        let rows = [
            (r#"{"cost": {"2": 5}}"#, "level 1 has no price"),
            (r#"{"cost": {"1": 5, "1": 6}}"#, "level \"1\": given twice"),
            (r#"{"cost": {"1": -5}}"#, "level \"1\": a price"),
            (r#"{"cost": {"1": 1.5}}"#, "not 1.5"),
            (r#"{"cost": {"01": 5}}"#, "level \"01\""),
            (r#"{"cost": {"257": 5}}"#, "1 to 256"),
            (r#"{"cost": {}}"#, "no level"),
            (r#"{"cost": {"1": 5}, "unit": "us"}"#, "unknown field"),
            ("{\n\"cost\": [1]}", "line 2"),
        ];
        for (text, part) in rows {
            let message = CostTable::from_json(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
