package main

import (
	"golang.org/x/sync/errgroup"
)

// inTurn calls do for the items 0 … count-1 and waits for all, most of them at
// once at the same time. Items with one key wait for each other, in their
// order: runs with the same destination mailbox never overlap (P-3).
func inTurn(count, most int, key func(i int) string, do func(i int)) {
	var groups [][]int
	places := map[string]int{}
	for i := range count {
		place, found := places[key(i)]
		if !found {
			place = len(groups)
			places[key(i)] = place
			groups = append(groups, nil)
		}
		groups[place] = append(groups[place], i)
	}
	var pool errgroup.Group
	pool.SetLimit(most)
	for _, group := range groups {
		pool.Go(func() error {
			for _, i := range group {
				do(i)
			}
			return nil
		})
	}
	_ = pool.Wait() // do tells its errors itself
}
