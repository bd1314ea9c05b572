package imapsync

import (
	"cmp"
	"context"
	"errors"
	"time"

	"trasloco/migration"
)

// dayLimit counts what is read of an account of Gmail's, which is cut off for a day
// when it was read too much of (M-5). It belongs to the goroutine that reads.
type dayLimit struct {
	most    int64                // octets in any 24 hours; 0: no limit
	past    []migration.Download // of the last 24 hours, oldest first
	asked   int64                // octets that were asked for and have not come
	came    int64                // octets that came and are not written down
	reached bool                 // nothing more is asked for
}

// openDayLimit begins to count where the last run of the account ended.
func (r *run) openDayLimit(ctx context.Context) (*dayLimit, error) {
	if r.job.DayLimit == 0 || !r.isGmail() {
		return &dayLimit{}, nil
	}
	past, err := r.journal.Downloads(ctx, r.engine.opts.Now().Add(-migration.DownloadSpan))
	return &dayLimit{most: r.job.DayLimit, past: past}, err
}

func (d *dayLimit) used() (octets int64) {
	for _, hour := range d.past {
		octets += hour.Octets
	}
	return octets + d.came
}

// ask reports whether messages may be asked for, and counts them as under way.
// What is asked for first is, whatever it takes: a message larger than the limit
// would never come otherwise.
func (d *dayLimit) ask(metas []meta) bool {
	if d.most == 0 {
		return true
	}
	var octets int64
	for _, m := range metas {
		octets += max(m.size, 0)
	}
	so := d.used() + d.asked
	d.reached = d.reached || so > 0 && so+octets > d.most
	if d.reached {
		return false
	}
	d.asked += octets
	return true
}

// bookDownload writes down what came of messages that were asked for.
func (r *run) bookDownload(ctx context.Context, d *dayLimit, metas []meta) error {
	if d.most == 0 {
		return nil
	}
	for _, m := range metas {
		d.asked -= max(m.size, 0)
	}
	if d.came == 0 {
		return nil
	}
	now := r.engine.opts.Now()
	if err := r.journal.AddDownload(ctx, now, d.came); err != nil {
		return err
	}
	d.past = append(d.past, migration.Download{Hour: now.Truncate(time.Hour), Octets: d.came})
	d.came = 0
	return nil
}

var errDayLimit = errors.New("as much was read of the account as its provider lets in a day")

// parkForDay ends the run until enough may be read again.
func (r *run) parkForDay(d *dayLimit) error {
	now := r.engine.opts.Now()
	until := migration.FreeAgain(d.past, d.most, now)
	r.entry(migration.Warning, "day_limit", migration.Args{"bytes": d.used(), "at": until.UTC().Format(time.RFC3339)}, "")
	return &Error{Side: SourceSide, Class: ClassDayLimit, RetryAfter: max(until.Sub(now), time.Minute), Err: errDayLimit}
}

// read reads what is to be copied of folders, as much as may be read today.
func (r *run) read(ctx context.Context, folders []*folderRun, out chan<- *item) error {
	day, err := r.openDayLimit(ctx)
	if err != nil {
		return err
	}
	rd := &reader{run: r, out: out, day: day, missing: map[*folderRun][]meta{}}
	err = rd.read(ctx, folders)
	return cmp.Or(err, r.bookDownload(r.hard, day, nil)) // what came before it broke off counts too
}
