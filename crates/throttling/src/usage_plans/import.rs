//! Importing keys from a file.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use towergate_core::Random;

use super::{UsagePlans, admin::Admin, rules::Rules};
use crate::{
    BadLine, ImportError, Imported, OnBadLine,
    import::{Row, draw_id, read},
};

impl UsagePlans {
    /// Imports keys from comma-separated values, and puts them into plans.
    ///
    /// The first line names the columns, in any case and order: `Name` and `Key` must be there, `Description`, `Enabled`
    /// (true, if it is empty) and `UsagePlanIds` (ids with commas between, in quotation marks) may; others are not looked
    /// at. A key whose value is known already is updated, and put into those of the plans that it is not in yet; others
    /// get an id that is drawn.
    ///
    /// ```
    /// use towergate_core::SystemRandom;
    /// use towergate_throttling::{OnBadLine, UsagePlan, UsagePlans};
    ///
    /// let plans = UsagePlans::new();
    /// plans.create_plan(UsagePlan::new("p1", "gold"))?;
    /// let file = "name,key,usageplanids\nPartner,a-key-of-twenty-chars-or-more,p1\n";
    /// let imported = plans.import_csv(file.as_bytes(), OnBadLine::Refuse, &SystemRandom).expect("all lines are good");
    /// assert_eq!(plans.plan("p1").expect("it is there").keys, imported.ids);
    /// # Ok::<(), towergate_throttling::UsagePlanError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns all bad lines, if there are any and it is [`OnBadLine::Refuse`], or if the header is bad or no line below it
    /// can be read. Nothing was changed then.
    pub fn import_csv(
        &self,
        csv: &[u8],
        on_bad_line: OnBadLine,
        random: &dyn Random,
    ) -> Result<Imported, Vec<BadLine>> {
        let (rows, mut bad) = read(csv);
        let mut admin = self.admin();
        let mut good = Vec::new();
        let (mut lines, mut drawn) = (HashMap::new(), HashSet::new());
        for mut row in rows {
            let line = row.line;
            let digest = self.0.digest.of(row.key.value.as_bytes());
            if let Some(earlier) = lines.insert(digest, line) {
                let error = ImportError::DuplicateKey(earlier);
                bad.push(BadLine { line, error });
                continue;
            }
            row.key.id = match self.0.keys.get(&digest) {
                Some(known) => known.id.to_string(),
                None => draw_id(random, |id| {
                    admin.keys.contains_key(id) || drawn.contains(id)
                }),
            };
            match admin.check_row(&row) {
                Ok(()) => {
                    drawn.insert(row.key.id.clone());
                    good.push(row);
                }
                Err(error) => bad.push(BadLine { line, error }),
            }
        }
        bad.sort_by_key(|bad| bad.line);
        // Without a single row, such as under a bad header, the file is not what it should be.
        let refused = on_bad_line == OnBadLine::Refuse || lines.is_empty();
        if refused && !bad.is_empty() {
            return Err(bad);
        }
        let ids = good.iter().map(|row| row.key.id.clone()).collect();
        for row in good {
            self.put_row(&mut admin, row);
        }
        Ok(Imported { ids, skipped: bad })
    }

    fn put_row(&self, admin: &mut Admin, row: Row) {
        let id = row.key.id.clone();
        self.put_key(admin, row.key);
        for plan in row.plans {
            if admin.attachment(&plan, &id).is_err() {
                self.join(admin, &plan, &id, Default::default());
            }
        }
    }
}

impl Admin {
    fn check_row(&self, row: &Row) -> Result<(), ImportError> {
        row.key.check()?;
        let id = &row.key.id;
        let mut earlier: Vec<(&str, Arc<Rules>)> = Vec::new();
        for (index, plan) in row.plans.iter().enumerate() {
            let unknown = |_| ImportError::UnknownPlan(index.saturating_add(1));
            let rules = self.plan(plan).map_err(unknown)?.cell.rules.load_full();
            if self.keys.contains_key(id) {
                self.check_stages(id, plan, &rules)?;
            }
            for (other, others) in earlier.iter().filter(|(other, _)| other != plan) {
                if let Some(common) = rules.common_stage(others) {
                    return Err(common.taken(id, other).into());
                }
            }
            earlier.push((plan, rules));
        }
        Ok(())
    }
}
