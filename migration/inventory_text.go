package migration

import (
	"errors"
	"strconv"
	"strings"
)

// An inventory is kept as a text of its own, which is read several times as fast as
// JSON: five hundred of them are read for one page. A folder is a line, its fields
// are parted by fieldEnd and the levels of a name by levelEnd.
const (
	levelEnd = "\x1e"
	fieldEnd = "\x1f"
)

// Names may hold any character.
var (
	escapes   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, levelEnd, `\l`, fieldEnd, `\f`)
	unescapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\l`, levelEnd, `\f`, fieldEnd)
)

// Pack writes an inventory as a text for Unpack.
func (inv FolderInventory) Pack() string {
	var text strings.Builder
	for _, f := range inv {
		marks := ""
		for mark, set := range map[string]bool{"p": f.Parent, "v": f.View, "i": f.Itself} {
			if set {
				marks += mark
			}
		}
		text.WriteString(strings.Join([]string{
			packPath(f.Path), escapes.Replace(f.Raw), escapes.Replace(f.Role), marks, strconv.Itoa(f.Messages),
			strconv.FormatInt(f.Bytes, 10), strconv.Itoa(f.Oversize), string(f.Reason), packPath(f.To),
		}, fieldEnd))
		text.WriteString("\n")
	}
	return text.String()
}

func packPath(path []string) string {
	levels := make([]string, len(path))
	for i, level := range path {
		levels[i] = escapes.Replace(level)
	}
	return strings.Join(levels, levelEnd)
}

const packedFields = 9

var errNoInventory = errors.New("is no inventory")

// Unpack reads what Pack wrote.
func Unpack(text string) (FolderInventory, error) {
	inv := make(FolderInventory, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		f, err := unpackFolder(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		inv = append(inv, f)
	}
	return inv, nil
}

func unpackFolder(line string) (f FoundFolder, err error) {
	var fields [packedFields]string
	for i := range fields {
		var more bool
		fields[i], line, more = strings.Cut(line, fieldEnd)
		if more != (i < packedFields-1) {
			return f, errNoInventory
		}
	}
	marks := fields[3]
	f = FoundFolder{
		Path: unpackPath(fields[0]), Raw: unescaped(fields[1]), Role: unescaped(fields[2]),
		Parent: strings.Contains(marks, "p"), View: strings.Contains(marks, "v"), Itself: strings.Contains(marks, "i"),
		Reason: Reason(fields[7]), To: unpackPath(fields[8]),
	}
	var errs [3]error
	f.Messages, errs[0] = strconv.Atoi(fields[4])
	f.Bytes, errs[1] = strconv.ParseInt(fields[5], 10, 64)
	f.Oversize, errs[2] = strconv.Atoi(fields[6])
	return f, errors.Join(errs[:]...)
}

func unpackPath(text string) []string {
	if text == "" {
		return nil
	}
	levels := strings.Split(text, levelEnd)
	for i, level := range levels {
		levels[i] = unescaped(level)
	}
	return levels
}

func unescaped(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return unescapes.Replace(text)
}
