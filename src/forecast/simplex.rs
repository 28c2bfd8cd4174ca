//! A minimiser without derivatives for the few bounded parameters of a smoothing model. What is minimised is the
//! caller's; nothing is allocated here, since a fit calls it thousands of times.

/// The most parameters that a model may have.
pub(crate) const DIMENSIONS: usize = 6;

/// Parameters, of which the first [`Search::used`] count.
pub(crate) type Point = [f64; DIMENSIONS];

/// Where to look, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// How many parameters there are.
    pub used: usize,
    /// Where to begin.
    pub start: Point,
    /// How far the first steps go in each direction.
    pub step: Point,
    /// The least that each parameter may be.
    pub low: Point,
    /// The most that each parameter may be.
    pub high: Point,
    /// How often the objective may be asked.
    pub budget: usize,
}

/// The simplex of Nelder and Mead (1965), inside a box: what steps outside is put back on its wall.
///
/// An objective that is not finite counts as the worst possible. Returns the best point seen and its value.
pub(crate) fn minimise(search: &Search, mut objective: impl FnMut(&Point) -> f64) -> (Point, f64) {
    let mut simplex = Simplex::new(search, &mut objective);
    while simplex.asked < search.budget && !simplex.has_settled() {
        simplex.advance(search, &mut objective);
    }
    let best = simplex.order(search.used).0;
    (simplex.corners[best], simplex.values[best])
}

struct Simplex {
    corners: [Point; DIMENSIONS + 1],
    values: [f64; DIMENSIONS + 1],
    used: usize,
    asked: usize,
}

impl Simplex {
    fn new(search: &Search, objective: &mut impl FnMut(&Point) -> f64) -> Simplex {
        let mut simplex = Simplex {
            corners: [boxed(search, search.start); DIMENSIONS + 1],
            values: [f64::INFINITY; DIMENSIONS + 1],
            used: search.used,
            asked: search.used + 1,
        };
        for corner in 0..=search.used {
            if corner > 0 {
                let axis = corner - 1;
                let point = &mut simplex.corners[corner];
                let goes_up = point[axis] + search.step[axis] <= search.high[axis];
                point[axis] += if goes_up { search.step[axis] } else { -search.step[axis] };
                *point = boxed(search, *point);
            }
            simplex.values[corner] = finite(objective(&simplex.corners[corner]));
        }
        simplex
    }

    /// The best corner, the worst and the second worst.
    fn order(&self, used: usize) -> (usize, usize, usize) {
        let (mut best, mut worst, mut second) = (0, 0, 0);
        for corner in 1..=used {
            if self.values[corner] < self.values[best] {
                best = corner;
            }
            if self.values[corner] >= self.values[worst] {
                (second, worst) = (worst, corner);
            } else if second == worst || self.values[corner] > self.values[second] {
                second = corner;
            }
        }
        (best, worst, second)
    }

    fn has_settled(&self) -> bool {
        let (best, worst, _) = self.order(self.used);
        let (low, high) = (self.values[best], self.values[worst]);
        high - low <= 1e-5 * (1e-3 + low.abs().min(100.0)) || !low.is_finite()
    }

    fn advance(&mut self, search: &Search, objective: &mut impl FnMut(&Point) -> f64) {
        let (best, worst, second) = self.order(self.used);
        let mut centre = [0.0; DIMENSIONS];
        for corner in (0..=self.used).filter(|&corner| corner != worst) {
            for (axis, sum) in centre.iter_mut().enumerate() {
                *sum += self.corners[corner][axis] / self.used as f64;
            }
        }
        let mut ask = |factor: f64, from: &Point| {
            let mut point = centre;
            for (axis, value) in point.iter_mut().enumerate() {
                *value += factor * (centre[axis] - from[axis]);
            }
            let point = boxed(search, point);
            (point, finite(objective(&point)))
        };
        let from = self.corners[worst];
        let mut tried = ask(1.0, &from);
        self.asked += 1;
        if tried.1 < self.values[best] {
            let further = ask(2.0, &from);
            self.asked += 1;
            if further.1 < tried.1 {
                tried = further;
            }
        } else if tried.1 >= self.values[second] {
            let inward = ask(if tried.1 < self.values[worst] { 0.5 } else { -0.5 }, &from);
            self.asked += 1;
            if inward.1 >= tried.1.min(self.values[worst]) {
                return self.shrink(best, objective);
            }
            tried = inward;
        }
        (self.corners[worst], self.values[worst]) = tried;
    }

    fn shrink(&mut self, best: usize, objective: &mut impl FnMut(&Point) -> f64) {
        let target = self.corners[best];
        for corner in (0..=self.used).filter(|&corner| corner != best) {
            for (axis, value) in self.corners[corner].iter_mut().enumerate() {
                *value = f64::midpoint(*value, target[axis]);
            }
            self.values[corner] = finite(objective(&self.corners[corner]));
            self.asked += 1;
        }
    }
}

fn boxed(search: &Search, mut point: Point) -> Point {
    for (axis, value) in point.iter_mut().enumerate() {
        *value = value.max(search.low[axis]).min(search.high[axis]);
    }
    point
}

fn finite(value: f64) -> f64 {
    if value.is_nan() { f64::INFINITY } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(start: Point, used: usize) -> Search {
        let (low, high) = ([-5.0; DIMENSIONS], [5.0; DIMENSIONS]);
        Search { used, start, step: [0.5; DIMENSIONS], low, high, budget: 2000 }
    }

    #[test]
    fn a_valley_is_followed_to_its_bottom() {
        let rosenbrock = |at: &Point| (1.0 - at[0]).powi(2) + 100.0 * (at[1] - at[0] * at[0]).powi(2);
        let (point, value) = minimise(&search([-1.2, 1.0, 0.0, 0.0, 0.0, 0.0], 2), rosenbrock);
        assert!(value < 1e-4 && (point[0] - 1.0).abs() < 0.05 && (point[1] - 1.0).abs() < 0.1, "{point:?}");
    }

    #[test]
    fn a_minimum_outside_the_box_is_found_on_its_wall() {
        let (point, _) = minimise(&search([0.0; DIMENSIONS], 1), |at| (at[0] - 9.0).powi(2));
        assert!((point[0] - 5.0).abs() < 1e-3, "{point:?}");
    }

    #[test]
    fn an_objective_without_numbers_ends() {
        let (_, value) = minimise(&search([0.0; DIMENSIONS], 3), |_| f64::NAN);
        assert!(value.is_infinite());
    }
}
