package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// row is the median of a peer's results for one phase of a set at a distance.
type row struct {
	result
	runs int
}

// medians returns a row for each peer, set, distance and phase, in the order in
// which they first ran, but for the phase: its rows stand together.
func medians(results []result) []row {
	type place struct {
		set  string
		rtt  time.Duration
		in   string
		peer string
	}
	grouped := map[place][]result{}
	var order []place
	for _, r := range results {
		at := place{r.set, r.rtt, r.phase, r.peer}
		if grouped[at] == nil {
			order = append(order, at)
		}
		grouped[at] = append(grouped[at], r)
	}
	firstLeg := func(p place) int {
		return slices.IndexFunc(order, func(o place) bool { return o.set == p.set && o.rtt == p.rtt })
	}
	sorted := slices.Clone(order)
	slices.SortStableFunc(sorted, func(x, y place) int {
		return cmp.Or(firstLeg(x)-firstLeg(y), phaseNumber(x.in)-phaseNumber(y.in))
	})
	var rows []row
	for _, at := range sorted {
		rows = append(rows, medianOf(grouped[at]))
	}
	return rows
}

// medianOf takes the median of each figure by itself. Verdicts that differ
// stand side by side.
func medianOf(results []result) row {
	r := row{result: results[0], runs: len(results)}
	r.Wall = middle(results, func(r result) time.Duration { return r.Wall })
	r.CPU = middle(results, func(r result) time.Duration { return r.CPU })
	r.RSS = middle(results, func(r result) int64 { return r.RSS })
	r.copied = middle(results, func(r result) int { return r.copied })
	var verdicts []string
	for _, one := range results {
		if !slices.Contains(verdicts, one.verdict) {
			verdicts = append(verdicts, one.verdict)
		}
	}
	r.verdict = strings.Join(verdicts, " | ")
	return r
}

// middle is the median of a figure; of an even number the upper of the two in
// the middle.
func middle[N cmp.Ordered](results []result, figure func(result) N) N {
	var all []N
	for _, r := range results {
		all = append(all, figure(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// printTable writes a line for each row, then a summary for each set.
func printTable(out io.Writer, results []result) error {
	rows := medians(results)
	if len(rows) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "set\tRTT ms\tphase\tpeer\twall s\t×\tCPU s\t×\tRSS MB\t×\tmessages\t  comparison")
	for _, r := range rows {
		of := productOf(rows, r)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.2f\t%s\t%.2f\t%s\t%.1f\t%s\t%d\t  %s\n",
			r.set, r.rtt.Milliseconds(), r.phase, r.peer,
			r.Wall.Seconds(), ratio(r.Wall, of.Wall), r.CPU.Seconds(), ratio(r.CPU, of.CPU),
			float64(r.RSS)/1e6, ratio(r.RSS, of.RSS), r.copied, cmp.Or(r.verdict, "-"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	_, err := fmt.Fprintf(out, "\n%s\n\n%s", legend(rows), summaries(rows))
	return err
}

func legend(rows []row) string {
	most := slices.MaxFunc(rows, func(x, y row) int { return x.runs - y.runs }).runs
	return fmt.Sprintf("Medians of %d. ×: how many times what the product takes. RSS: peak of the largest process, 8 MB at least.", most)
}

// productOf is the product's row beside r, or an empty one.
func productOf(rows []row, r row) row {
	for _, other := range rows {
		if other.peer == productName && other.set == r.set && other.rtt == r.rtt && other.phase == r.phase {
			return other
		}
	}
	return row{}
}

// ratio is how many times b a is; nothing if b is not known.
func ratio[T ~int64](a, b T) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(a)/float64(b))
}

// summaries are a line for each set and distance.
func summaries(rows []row) string {
	var out strings.Builder
	for i, r := range rows {
		if i > 0 && rows[i-1].set == r.set && rows[i-1].rtt == r.rtt {
			continue
		}
		fmt.Fprintf(&out, "%s, RTT %d ms: %s\n", r.set, r.rtt.Milliseconds(), summary(rows, r))
	}
	return out.String()
}

// summary says for each phase how long the product takes, and how many times
// that its peers.
func summary(rows []row, of row) string {
	var parts []string
	for _, r := range rows {
		if r.set != of.set || r.rtt != of.rtt {
			continue
		}
		product := productOf(rows, r)
		switch {
		case r.peer == productName:
			parts = append(parts, fmt.Sprintf("%s %.2f s", r.phase, r.Wall.Seconds()))
		case product.Wall > 0:
			parts[len(parts)-1] += fmt.Sprintf(", %s %s×", r.peer, ratio(r.Wall, product.Wall))
		}
	}
	return strings.Join(parts, "; ")
}
