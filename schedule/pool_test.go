package schedule

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAPoolAdmits(t *testing.T) {
	p := newPool(4, 2, func() {})
	goOn := make(chan struct{})
	start := func(id int64, host, mailbox string) bool {
		return p.start(t.Context(), piece{id: id, migration: 1, host: host, mailbox: mailbox}, func(context.Context) { <-goOn })
	}
	for _, tt := range []struct {
		name          string
		id            int64
		host, mailbox string
		want          bool
	}{
		{"the first", 1, "a", "anna", true},
		{"the same again", 1, "b", "bruno", false},
		{"the same mailbox from elsewhere", 2, "b", "anna", false},
		{"another mailbox", 2, "a", "bruno", true},
		{"one too many of a host", 3, "a", "carla", false},
		{"another host", 3, "b", "carla", true},
		{"no mailbox", 4, "b", "", true},
		{"one too many", 5, "c", "dario", false},
	} {
		if got := start(tt.id, tt.host, tt.mailbox); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if !p.busy() {
		t.Error("a full pool has room")
	}
	taught := newPool(9, 9, func() {}) // a server that has taught that it bears one (C-1)
	one := func(id int64) bool {
		return taught.start(t.Context(), piece{id: id, host: "a", most: 1}, func(context.Context) { <-goOn })
	}
	if !one(1) || one(2) {
		t.Error("what a server has taught does not count")
	}
	defer func() { check(t, taught.close(t.Context())) }()
	close(goOn)
	check(t, p.close(t.Context()))
	if start(9, "z", "zoe") {
		t.Error("a closed pool took work")
	}
}

func TestStopEndsTheWorkOfOneMigration(t *testing.T) {
	p := newPool(8, 8, func() {})
	why := errors.New("because")
	causes := make(chan error, 8)
	for id := range int64(4) {
		p.start(t.Context(), piece{id: id, migration: id % 2}, func(ctx context.Context) {
			<-ctx.Done()
			causes <- context.Cause(ctx)
		})
	}
	check(t, p.stop(t.Context(), 1, why))
	if len(causes) != 2 || !errors.Is(<-causes, why) || !errors.Is(<-causes, why) {
		t.Error("not the two of the migration, or not with the cause")
	}
	if got := p.atWork(); got[0] != 2 || got[1] != 0 {
		t.Errorf("at work: %v", got)
	}
	check(t, p.close(t.Context()))
	if err := <-causes; !errors.Is(err, errStopping) {
		t.Errorf("cause of the close: %v", err)
	}
}

func TestStopWaitsNoLongerThanItsContext(t *testing.T) {
	p := newPool(1, 1, func() {})
	goOn := make(chan struct{})
	p.start(t.Context(), piece{id: 1, migration: 1}, func(context.Context) { <-goOn })
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := p.stop(ctx, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: %v", err)
	}
	close(goOn)
	check(t, p.close(t.Context()))
}

func TestWorkIsHandedOutFairly(t *testing.T) {
	type job struct {
		migration int64
		name      string
	}
	var jobs []job
	for _, name := range strings.Fields("a1 a2 a3 a4 b1 b2 c1") {
		jobs = append(jobs, job{int64(name[0]), name})
	}
	tests := []struct {
		name   string
		atWork map[int64]int
		turns  map[int64]int
		room   int
		refuse string
		want   string
	}{
		{"in turns", map[int64]int{}, nil, 5, "", "a1 b1 c1 a2 b2"},
		{"who has least goes first", map[int64]int{'a': 3, 'b': 1}, nil, 4, "", "c1 b1 b2 a1"},
		{"who finds no room takes nobody's turn", map[int64]int{}, nil, 4, "a1 a2", "a3 b1 c1 a4"},
		{"all that there is", map[int64]int{'a': 9}, nil, 99, "", "b1 c1 b2 a1 a2 a3 a4"},
		{"one place at a time goes round (C-1)", map[int64]int{}, map[int64]int{'a': 7, 'b': 5, 'c': 6}, 1, "", "b1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var taken []string
			fairly(jobs, tt.atWork, tt.turns, func(j job) int64 { return j.migration }, func(j job) bool {
				if len(taken) == tt.room || slices.Contains(strings.Fields(tt.refuse), j.name) {
					return false
				}
				taken = append(taken, j.name)
				return true
			})
			if got := strings.Join(taken, " "); got != tt.want {
				t.Errorf("taken %s, want %s", got, tt.want)
			}
		})
	}
}

// What is held fills no offer: what comes after it is offered, however much it is.
func TestWhatIsHeldKeepsNothingFromBeingOffered(t *testing.T) {
	all := make([]int, 5*offer)
	for i := range all {
		all[i] = i
	}
	for _, held := range []int{0, 10, offer, 3*offer + 1, len(all) - 1, len(all)} {
		var reads []int
		got, err := offered(func(limit int) ([]int, error) {
			reads = append(reads, limit)
			return slices.Clone(all[:min(limit, len(all))]), nil
		}, func(i int) bool { return i < held })
		want := min(offer, len(all)-held)
		if err != nil || len(got) < want || want > 0 && got[0] != held || held == 0 && len(reads) > 1 {
			t.Errorf("%d held: %d offered after reads of %v, %v", held, len(got), reads, err)
		}
	}
}
