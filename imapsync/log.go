package imapsync

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// What goes into the run's log (O-1): codes and facts, never a password or a
// body.

func (r *run) logConnection(side Side, conn *wire.Conn) {
	args := migration.Args{
		"side": string(side), "address": conn.RemoteAddr().String(), "tls": "",
		"greeting": conn.Greeting(), "capabilities": strings.Join(conn.Caps(), " "),
	}
	if state := conn.TLS(); state != nil {
		args["tls"] = tls.VersionName(state.Version)
	}
	r.entry(migration.Info, "connected", args, "")
	if side == SourceSide {
		r.logWeakness(args["tls"])
	}
}

// logWeakness names what the admin bears with at the source.
func (r *run) logWeakness(version any) {
	if weakness := r.job.Resource.Source.Weakness(); weakness != "" {
		r.entry(migration.Warning, "weak_source", migration.Args{"weakness": string(weakness), "tls": version}, "")
	}
}

func (r *run) logTrees(source, dest *tree) {
	r.entry(migration.Info, "trees", migration.Args{
		"folders": len(source.folders), "prefix": source.prefix, "delimiter": source.delim,
		"destination_prefix": dest.prefix, "destination_delimiter": dest.delim,
	}, "")
	if len(source.foreign) > 0 {
		r.entry(migration.Warning, "folders_of_others", migration.Args{"count": len(source.foreign), "folders": strings.Join(source.foreign, ", ")}, "")
	}
}

func (r *run) logFolder(f *folderRun) {
	args := migration.Args{
		"folder": f.display(), "role": f.role, "listed": f.tally.Listed, "copied": f.tally.Copied, "present": f.tally.Present,
		"skipped": f.tally.Skipped, "failed": f.tally.Failed, "bytes": f.tally.Bytes,
	}
	if f.reason != "" {
		args["reason"] = string(f.reason)
		r.entry(migration.Info, "folder_left_out", args, "")
		return
	}
	args["destination"] = wire.DecodeName(f.pair.Dest.Name)
	args["uidvalidity"], args["destination_uidvalidity"] = f.pair.UIDValidity, f.pair.Dest.UIDValidity
	r.entry(migration.Info, "folder_done", args, "")
}

// dropKeywords says once a folder which keywords the destination does not take.
func (f *folderRun) dropKeywords(r *run, flags []string) {
	var fresh []string
	for _, flag := range flags {
		if !f.keywords[flag] {
			f.keywords[flag] = true
			fresh = append(fresh, flag)
		}
	}
	if len(fresh) > 0 {
		slices.Sort(fresh)
		r.entry(migration.Info, "keywords_dropped", migration.Args{"folder": f.display(), "keywords": strings.Join(fresh, " ")}, "")
	}
}

// logTranscripts keeps the end of the dialogue when it broke down, and of the one
// that the error is about.
func (r *run) logTranscripts(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	var known *Error
	errors.As(err, &known)
	for _, side := range []Side{SourceSide, DestinationSide} {
		if dialogue := r.dialogue(side, known); dialogue != "" {
			r.entry(migration.Failure, "transcript", migration.Args{"side": string(side), "dialogue": dialogue}, "")
		}
	}
}

// dialogue is what there is to show of one side; empty: nothing went wrong there.
func (r *run) dialogue(side Side, known *Error) string {
	blamed := known != nil && known.Side == side
	if blamed && known.Dialogue != "" {
		return known.Dialogue
	}
	conn := map[Side]*wire.Conn{SourceSide: r.src, DestinationSide: r.dst}[side]
	if conn != nil && (conn.Err() != nil || blamed) {
		return conn.Transcript()
	}
	return ""
}
