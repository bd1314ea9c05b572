// Package schedule says when things happen: rows are checked, passes start and
// end, runs go on after an interruption, notices leave, old migrations go.
//
// The database is the queue, and nothing else remembers that there is work to
// do: a tick asks it what is due and does that. A tick may come late, twice or
// too early and changes nothing by it. What is in memory here is only the work
// that is going on, and dies with the process.
package schedule
