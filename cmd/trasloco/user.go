package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"trasloco/handlers"
	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
)

// userOptions are the arguments of the verbs that begin with "user".
type userOptions struct {
	Add         userAdd    `cmd:"" help:"Add a user. The password is asked for, or read from standard input."`
	Passwd      userPasswd `cmd:"" help:"Give a user a new password. His sessions end."`
	ResetFactor userNamed  `cmd:"" help:"Switch off the second factor of a user who lost it. His sessions end."`
	Unblock     userNamed  `cmd:"" help:"Let a blocked user sign in again."`
	List        userList   `cmd:"" help:"List the users."`
}

type userAdd struct {
	places
	Email    string `arg:"" name:"EMAIL" help:"What he logs in with."`
	Name     string `placeholder:"NAME" help:"How the pages call him (default: the address)."`
	Role     string `placeholder:"admin|team_member|manager" default:"admin" help:"What he may do (default admin)."`
	Domains  string `placeholder:"NAME,…" help:"The domains a manager looks after."`
	Operator bool   `help:"He runs the installation: destinations, all customers."`
}

type userPasswd struct {
	places
	Email string `arg:"" name:"EMAIL" help:"Whose password."`
}

type userNamed struct {
	places
	Email string `arg:"" name:"EMAIL" help:"Whose."`
}

type userList struct {
	places
}

// user does what one of the user verbs says and returns the exit code. The
// folder must not be in use: stop the panel first, or ask in the panel.
func (p *program) user(ctx context.Context, data string, do func(ctx context.Context, s *store.Store) ([]migration.Problem, error)) int {
	memory, err := store.Open(ctx, data, store.Options{Now: p.now})
	if err != nil {
		return p.refuse(ctx, false, []migration.Problem{dataProblem(data, err)})
	}
	problems, err := do(ctx, memory)
	if err = errors.Join(err, memory.Close()); err != nil {
		problems = append(problems, dataProblem(data, err))
	}
	if len(problems) > 0 {
		return p.refuse(ctx, false, problems)
	}
	return exitDone
}

func (p *program) addUser(o userAdd) func(context.Context, *store.Store) ([]migration.Problem, error) {
	return func(ctx context.Context, s *store.Store) ([]migration.Problem, error) {
		r := &optionReader{}
		role := migration.Role(o.Role)
		if role != migration.Admin && role != migration.TeamMember && role != migration.Manager {
			r.fault(codeRole, "--role", nil)
		}
		if r.mail("EMAIL", o.Email) == "" {
			r.fault(codeMail, "EMAIL", nil)
		}
		customers, err := s.Customers(ctx)
		if len(customers) == 0 {
			r.fault(codeNotSetUp, "--data", nil)
		}
		if err != nil || len(r.problems) > 0 {
			return r.problems, err
		}
		domains, problems, err := ownDomains(ctx, s, customers[0].ID, o.Domains)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		hash, problems, err := p.askPassword(ctx, o.Email)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		user := migration.User{Email: o.Email, Name: o.Name, Role: role, Operator: o.Operator, CustomerID: customers[0].ID, DomainIDs: domains}
		if user.Name == "" {
			user.Name, _, _ = strings.Cut(o.Email, "@")
		}
		if err := s.CreateUser(ctx, &user, hash); errors.Is(err, migration.ErrConflict) {
			return []migration.Problem{flagProblem(codeTaken, "EMAIL", migration.Args{"email": o.Email})}, nil
		} else if err != nil {
			return nil, err
		}
		fmt.Fprintln(p.stdout, locale.T(ctx, "cli.user_added", map[string]any{"email": o.Email}))
		return nil, nil
	}
}

// ownDomains finds the domains of a customer by their names.
func ownDomains(ctx context.Context, s *store.Store, customer int64, names string) (ids []int64, problems []migration.Problem, err error) {
	domains, err := s.Domains(ctx, customer)
	if err != nil {
		return nil, nil, err
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(domains, func(d migration.Domain) bool { return strings.EqualFold(d.Name, name) })
		switch {
		case name == "":
		case i < 0:
			problems = append(problems, flagProblem(codeNoDomain, "--domains", migration.Args{"domain": name}))
		default:
			ids = append(ids, domains[i].ID)
		}
	}
	return ids, problems, nil
}

func (p *program) changePassword(o userPasswd) func(context.Context, *store.Store) ([]migration.Problem, error) {
	return func(ctx context.Context, s *store.Store) ([]migration.Problem, error) {
		user, problems, err := findUser(ctx, s, o.Email)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		hash, problems, err := p.askPassword(ctx, o.Email)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		if _, err := s.SetPassword(ctx, user, hash, false); err != nil {
			return nil, err
		}
		fmt.Fprintln(p.stdout, locale.T(ctx, "cli.password_changed", map[string]any{"email": user.Email}))
		return nil, nil
	}
}

func findUser(ctx context.Context, s *store.Store, email string) (migration.User, []migration.Problem, error) {
	user, _, err := s.UserByEmail(ctx, email)
	if errors.Is(err, migration.ErrNotFound) {
		return user, []migration.Problem{flagProblem(codeNoUser, "EMAIL", migration.Args{"email": email})}, nil
	}
	return user, nil, err
}

// resetFactor is for an operator who lost his phone: nobody in the panel may do it
// for him.
func (p *program) resetFactor(o userNamed) func(context.Context, *store.Store) ([]migration.Problem, error) {
	return func(ctx context.Context, s *store.Store) ([]migration.Problem, error) {
		user, problems, err := findUser(ctx, s, o.Email)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		_, err = s.RemoveFactor(ctx, store.AnyCustomer, user, false)
		if errors.Is(err, migration.ErrConflict) {
			return []migration.Problem{flagProblem(codeNoFactor, "EMAIL", migration.Args{"email": user.Email})}, nil
		}
		if err == nil {
			fmt.Fprintln(p.stdout, locale.T(ctx, "cli.factor_reset", map[string]any{"email": user.Email}))
		}
		return nil, err
	}
}

func (p *program) unblock(o userNamed) func(context.Context, *store.Store) ([]migration.Problem, error) {
	return func(ctx context.Context, s *store.Store) ([]migration.Problem, error) {
		user, problems, err := findUser(ctx, s, o.Email)
		if err != nil || len(problems) > 0 {
			return problems, err
		}
		user.BlockedAt = time.Time{}
		if err := s.SaveUser(ctx, store.AnyCustomer, user); err != nil {
			return nil, err
		}
		fmt.Fprintln(p.stdout, locale.T(ctx, "cli.unblocked", map[string]any{"email": user.Email}))
		return nil, nil
	}
}

func (p *program) listUsers(ctx context.Context, s *store.Store) ([]migration.Problem, error) {
	users, err := s.Users(ctx, store.AnyCustomer)
	if err != nil {
		return nil, err
	}
	t := table{}
	for _, user := range users {
		role := locale.T(ctx, "role."+string(user.Role), nil)
		if user.Operator {
			role += ", " + locale.T(ctx, "role.operator", nil)
		}
		t.add(user.Email, user.Name, role, locale.T(ctx, "user_state."+string(user.State()), nil))
	}
	t.write(p.stdout)
	return nil, nil
}

// askPassword reads a password: from the terminal, unseen, or the first line of
// standard input. It returns its hash.
func (p *program) askPassword(ctx context.Context, email string) (hash string, problems []migration.Problem, err error) {
	var password string
	if p.terminal != nil && term.IsTerminal(int(p.terminal.Fd())) {
		fmt.Fprint(p.stderr, locale.T(ctx, "cli.password", nil)+": ")
		var typed []byte
		typed, err = term.ReadPassword(int(p.terminal.Fd()))
		fmt.Fprintln(p.stderr)
		password = string(typed)
	} else {
		password, err = bufio.NewReader(io.LimitReader(p.stdin, 4096)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		password = strings.TrimRight(password, "\r\n")
	}
	if err != nil {
		return "", nil, fmt.Errorf("read password: %w", err)
	}
	if problem, wrong := handlers.PasswordProblem("password", password, email); wrong {
		return "", []migration.Problem{problem}, nil
	}
	return handlers.HashPassword(password), nil, nil
}
