package imapsync

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Probe logs in to a mailbox of a destination server and looks around, taking
// the time of each step. It opens no folder and stores nothing. What is wrong
// with the server stands in the test; the error is the context's. A person asked for it:
// a host that is paused is tried (C-2).
func (e *Engine) Probe(ctx context.Context, ep migration.Endpoint) (migration.ServerTest, error) {
	p := &probe{now: e.opts.Now, began: e.opts.Now()}
	conn, err := e.connectWatched(ctx, DestinationSide, ep, warrant{anywhere: true}, p.passed)
	if err != nil {
		return p.end(ctx, string(failedAt(err)), err)
	}
	p.passedStep(migration.StageLogin, ep.Auth.Login)
	p.describe(conn)
	if err := p.measure(ctx, conn); err != nil {
		conn.Logout(ctx)
		return p.end(ctx, migration.StageNamespace, err)
	}
	spaces, err := namespaces(ctx, conn)
	if err != nil {
		conn.Logout(ctx)
		return p.end(ctx, migration.StageNamespace, err)
	}
	p.test.Prefix, p.test.Delimiter = spaces.Personal[0].Prefix, spaces.Personal[0].Delim
	p.passedStep(migration.StageNamespace, p.test.Prefix+p.test.Delimiter)
	ctl := openControl(conn)
	defer ctl.close(ctx)
	quota, err := ctl.quota(ctx)
	if err != nil {
		return p.end(ctx, migration.StageQuota, err)
	}
	if quota != nil {
		p.test.QuotaUsed, p.test.QuotaLimit = quota.Used, quota.Limit
	}
	p.passedStep(migration.StageQuota, "")
	return p.test, nil
}

// probe writes a test down, step by step.
type probe struct {
	now   func() time.Time
	began time.Time // of the step under way
	test  migration.ServerTest
}

// passed hears of the stages of a connection. A second one, with another form
// of the login, takes the place of the first.
func (p *probe) passed(stage wire.Stage) {
	if stage == wire.StageConnect {
		p.test.Steps = nil
	}
	p.passedStep(string(stage), "")
}

func (p *probe) passedStep(stage, detail string) { p.add(stage, true, detail) }

func (p *probe) add(stage string, ok bool, detail string) {
	now := p.now()
	p.test.Steps = append(p.test.Steps, migration.TestStep{Stage: stage, OK: ok, Took: now.Sub(p.began), Detail: detail})
	p.began = now
}

// describe keeps what the connection says of the server.
func (p *probe) describe(conn *wire.Conn) {
	p.test.Greeting = conn.Greeting()
	p.test.Capabilities = append([]string(nil), conn.Caps()...)
	details := map[string]string{
		migration.StageConnect: conn.RemoteAddr().String(), migration.StageGreeting: conn.Greeting(),
	}
	if state := conn.TLS(); state != nil {
		details[migration.StageTLS] = tls.VersionName(state.Version)
	}
	for i, step := range p.test.Steps {
		if detail, ok := details[step.Stage]; ok {
			p.test.Steps[i].Detail = detail
		}
	}
}

// roundTrips is how often the shortest command is timed; the best time counts,
// since a server may have been busy with the others.
const roundTrips = 3

// measure takes the time of a round trip.
func (p *probe) measure(ctx context.Context, conn *wire.Conn) error {
	for range roundTrips {
		sent := p.now()
		if err := conn.Noop(ctx); err != nil {
			return err
		}
		took := max(p.now().Sub(sent), time.Microsecond)
		if p.test.RoundTrip == 0 || took < p.test.RoundTrip {
			p.test.RoundTrip = took
		}
	}
	p.began = p.now()
	return nil
}

// end writes down the step that failed. The end of ctx is no finding.
func (p *probe) end(ctx context.Context, stage string, err error) (migration.ServerTest, error) {
	if ctx.Err() != nil {
		return migration.ServerTest{}, fmt.Errorf("test of the server: %w", context.Cause(ctx))
	}
	p.add(stage, false, "")
	fault := FaultOf(blame(DestinationSide, err))
	p.test.Class, p.test.Detail, p.test.ServerText = string(fault.Class), fault.Detail, fault.ServerText
	p.test.Certificate, p.test.Names = fault.Certificate, fault.Names
	return p.test, nil
}
