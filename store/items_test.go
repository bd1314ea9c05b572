package store

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func sampleItems() []migration.BatchItem {
	digest := [32]byte(bytes.Repeat([]byte{0xA5}, 32))
	return []migration.BatchItem{
		{},
		{
			UID: math.MaxUint32, Fingerprint: math.MaxUint64, Size: math.MaxInt64, BareLF: 1002, Digest: digest,
			Date:  time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC),
			Flags: []string{`\Seen`, "$Label1", "NonJunk"}, Identity: math.MaxUint64,
		},
		{UID: 3, Date: time.Unix(0, 0).UTC(), Flags: []string{"è", ""}},
		{UID: 4, Date: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC)},
	}
}

func TestPackedItemsComeBackAsTheyWere(t *testing.T) {
	for _, items := range [][]migration.BatchItem{nil, sampleItems()[:1], sampleItems()} {
		got, err := unpackItems(packItems(items))
		if err != nil || !reflect.DeepEqual(got, items) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, items)
		}
	}
}

// A batch that was begun before items had an identity is settled all the same.
func TestItemsOfTheFirstVersionAreRead(t *testing.T) {
	old := append([]byte{1, 1, 7}, make([]byte, 8+1+1+32+1+1)...)
	got, err := unpackItems(old)
	if err != nil || !reflect.DeepEqual(got, []migration.BatchItem{{UID: 7}}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDamagedItemsAreRefused(t *testing.T) {
	whole := packItems(sampleItems())
	for n := range whole {
		if _, err := unpackItems(whole[:n]); err == nil {
			t.Errorf("the first %d of %d octets are taken for all", n, len(whole))
		}
	}
	later := append([]byte{itemsVersion + 1}, whole[1:]...)
	tests := []struct {
		name   string
		octets []byte
	}{
		{"octets behind the last item", append(bytes.Clone(whole), 0)},
		{"a version that is not known", later},
		{"more items than octets", []byte{itemsVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
		{"a UID above 32 bits", append([]byte{itemsVersion, 1, 0xff, 0xff, 0xff, 0xff, 0x7f}, make([]byte, 45)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := unpackItems(tt.octets)
			wantError(t, err, errItems)
		})
	}
}

func FuzzUnpackItems(f *testing.F) {
	f.Add(packItems(nil))
	f.Add(packItems(sampleItems()))
	f.Fuzz(func(t *testing.T, octets []byte) {
		items, err := unpackItems(octets)
		if err != nil {
			return
		}
		again, err := unpackItems(packItems(items))
		if err != nil || !reflect.DeepEqual(again, items) {
			t.Errorf("%x gave %+v, then %+v, %v", octets, items, again, err)
		}
	})
}
