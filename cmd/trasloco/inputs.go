package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"

	"trasloco/migration"
)

// sheet is the CSV file as resources, ready to be moved if there is no problem.
type sheet struct {
	resources          []migration.Resource
	problems, warnings []migration.Problem
}

// readSheet reads the CSV file. It connects to nothing.
func (s settings) readSheet() sheet {
	if s.file == "" {
		return sheet{problems: []migration.Problem{flagProblem(codeNoFile, "FILE.csv", nil)}}
	}
	data, err := readFile(s.file, migration.MaxCSVBytes+1)
	if err != nil {
		return sheet{problems: []migration.Problem{flagProblem(codeUnreadable, "FILE.csv", fileArgs(s.file, err))}}
	}
	read := migration.ParseCSV(data, migration.CSVOptions{
		DestinationPassword: s.destination.NeedsPassword(),
		DefaultPort:         s.source.Port,
		DefaultTLS:          s.source.TLS,
		AllowPrivate:        s.allowPrivate,
		NeedsApp:            s.serverType == migration.Office365,
	})
	found := sheet{problems: read.Problems, warnings: read.Warnings}
	for _, r := range read.Rows {
		r = s.complete(r)
		if r.IsOneAccount() {
			found.problems = append(found.problems, migration.Problem{Code: migration.CodeRowSameAccount, Row: r.Row})
		}
		found.resources = append(found.resources, r)
	}
	return found
}

// complete adds to a row what the arguments say of both ends.
func (s settings) complete(r migration.Resource) migration.Resource {
	source := s.source
	source.Host, source.Port, source.TLS, source.Auth = r.Source.Host, r.Source.Port, r.Source.TLS, r.Source.Auth
	if source.Auth.Kind == migration.AuthMaster {
		source.Auth.Form = migration.MasterFormOf(s.serverType, migration.Provider{})
	}
	r.Source = source
	r.Destination = s.destination.For(r.Destination.Auth.Login, r.Destination.Auth.Password)
	return r
}

func readUpTo(r io.Reader, most int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, most))
}

// fileArgs are the facts of a file that cannot be read: the name once, and the
// reason without it.
func fileArgs(name string, err error) migration.Args {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = cmp.Or(path.Err, err)
	}
	return migration.Args{"file": name, "detail": err.Error()}
}
