//! What processes before this one have counted: counters and histograms go on where they stood, so that whoever draws rates from them
//! sees no fall.
//!
//! It is added to what this process counts when somebody looks. Gauges are not inherited: they say what is now.

use prometheus::proto::{Bucket, Counter, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// What was inherited, and may be told anew once.
#[derive(Clone, Debug, Default)]
pub(super) struct Inherited(Arc<Mutex<Vec<Series>>>);

/// A counter or histogram with its labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Series {
    name: String,
    help: String,
    labels: Vec<(String, String)>,
    counted: Counted,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Counted {
    Counter(f64),
    Histogram {
        sum: f64,
        count: u64,
        /// Upper bounds with how many were at or below.
        buckets: Vec<(f64, u64)>,
    },
}

impl Inherited {
    /// Takes over what another process said; false where that is of another version.
    pub(super) fn replace(&self, text: &str) -> bool {
        let Ok(series) = serde_json::from_str(text) else { return false };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = series;
        true
    }

    /// Adds what was inherited to what this process counts.
    pub(super) fn add_to(&self, families: &mut Vec<MetricFamily>) {
        for series in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let same = |family: &&mut MetricFamily| family.name() == series.name;
            match families.iter_mut().find(same) {
                Some(family) if family.get_field_type() == series.kind() => series.add_to(family),
                // A later version may measure something else under that name.
                Some(_) => {}
                None => families.push(series.family()),
            }
        }
    }
}

/// Counters and histograms as [`Inherited::replace`] reads them.
pub(super) fn say(families: &[MetricFamily]) -> String {
    let series: Vec<Series> =
        families.iter().flat_map(|family| family.get_metric().iter().filter_map(|it| Series::of(family, it))).collect();
    // Maps with other keys than text are what can fail, and there are none.
    serde_json::to_string(&series).unwrap_or_default()
}

impl Series {
    fn of(family: &MetricFamily, metric: &Metric) -> Option<Self> {
        let counted = match family.get_field_type() {
            MetricType::COUNTER => Counted::Counter(metric.get_counter().get_value()),
            MetricType::HISTOGRAM => {
                let histogram = metric.get_histogram();
                let buckets = histogram.get_bucket().iter().map(|it| (it.upper_bound(), it.cumulative_count()));
                let (sum, count) = (histogram.get_sample_sum(), histogram.get_sample_count());
                Counted::Histogram { sum, count, buckets: buckets.collect() }
            }
            _ => return None,
        };
        let labels = metric.get_label().iter().map(|label| (label.name().to_owned(), label.value().to_owned()));
        let (name, help) = (family.name().to_owned(), family.help().to_owned());
        Some(Self { name, help, labels: labels.collect(), counted })
    }

    fn kind(&self) -> MetricType {
        match self.counted {
            Counted::Counter(_) => MetricType::COUNTER,
            Counted::Histogram { .. } => MetricType::HISTOGRAM,
        }
    }

    fn add_to(&self, family: &mut MetricFamily) {
        let is_same = |metric: &&mut Metric| {
            let labels = metric.get_label().iter().map(|label| (label.name(), label.value()));
            labels.eq(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        let metrics = family.mut_metric();
        if let Some(metric) = metrics.iter_mut().find(is_same) {
            self.counted.add_to(metric);
        } else {
            metrics.push(self.metric());
        }
    }

    fn metric(&self) -> Metric {
        let label = |(name, value): &(String, String)| {
            let mut label = LabelPair::default();
            label.set_name(name.clone());
            label.set_value(value.clone());
            label
        };
        let mut metric = Metric::from_label(self.labels.iter().map(label).collect());
        self.counted.add_to(&mut metric);
        metric
    }

    fn family(&self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.name.clone());
        family.set_help(self.help.clone());
        family.set_field_type(self.kind());
        family.set_metric(vec![self.metric()]);
        family
    }
}

impl Counted {
    fn add_to(&self, metric: &mut Metric) {
        match self {
            Self::Counter(value) => {
                let mut counter = Counter::default();
                counter.set_value(metric.get_counter().get_value() + value);
                metric.set_counter(counter);
            }
            Self::Histogram { sum, count, buckets } => {
                let now = metric.get_histogram();
                let bound = |place: usize| now.get_bucket().get(place).map(Bucket::upper_bound);
                let is_new = now.get_bucket().is_empty();
                // Other bounds are another measure.
                if !is_new && (0..buckets.len()).any(|place| bound(place) != Some(buckets[place].0)) {
                    return;
                }
                let bucket = |(place, (bound, before)): (usize, &(f64, u64))| {
                    let mut bucket = Bucket::default();
                    bucket.set_upper_bound(*bound);
                    let counted = now.get_bucket().get(place).map_or(0, Bucket::cumulative_count);
                    bucket.set_cumulative_count(counted + before);
                    bucket
                };
                let mut histogram = Histogram::default();
                histogram.set_bucket(buckets.iter().enumerate().map(bucket).collect());
                histogram.set_sample_sum(now.get_sample_sum() + sum);
                histogram.set_sample_count(now.get_sample_count() + count);
                metric.set_histogram(histogram);
            }
        }
    }
}

#[cfg(test)]
mod tests;
