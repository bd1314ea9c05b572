package mailgen

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// CorpusFolder returns the folder of real mail to test with: the one that the
// environment variable CORPUS names, or fallback.
func CorpusFolder(fallback string) string {
	if folder := os.Getenv("CORPUS"); folder != "" {
		return folder
	}
	return fallback
}

// exactSet is the name of the set whose files hold a message octet by octet.
const exactSet = "weird-made"

// Corpus yields the messages of a folder of mail, in a fixed order: one message
// a file, or several if the file is an mbox. A set is a folder of files; dir is
// one, or holds several. The messages of a set lie in a folder of its name.
// Files named README.md, LICENSE.txt and MANIFEST.tsv, and hidden ones, are no
// mail.
//
// Files are text with the line ends of the system that stored them: a bare LF
// becomes CRLF, as any client would do before it sends them. Only those of the
// set "weird-made" are taken octet by octet. Flags and dates are made up, the
// same ones every time. After an error nothing more is yielded.
func Corpus(dir string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		files, err := mailFiles(dir)
		if err != nil {
			yield(Message{}, err)
			return
		}
		for _, path := range files {
			messages, err := readMail(path)
			if err != nil {
				yield(Message{}, err)
				return
			}
			for _, message := range messages {
				if !yield(message, nil) {
					return
				}
			}
		}
	}
}

func mailFiles(dir string) ([]string, error) {
	var files []string
	for _, pattern := range []string{"*", "*/*"} { // sorted, both of them
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("corpus %s: %w", dir, err)
		}
		for _, path := range found {
			info, err := os.Stat(path)
			if err != nil {
				return nil, fmt.Errorf("corpus: %w", err)
			}
			if info.Mode().IsRegular() && isMail(filepath.Base(path)) {
				files = append(files, path)
			}
		}
	}
	if files == nil {
		return nil, fmt.Errorf("corpus %s: no mail there", dir)
	}
	return files, nil
}

func isMail(name string) bool {
	switch name {
	case "README.md", "LICENSE.txt", "MANIFEST.tsv":
		return false
	}
	return !strings.HasPrefix(name, ".")
}

func readMail(path string) ([]Message, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	set := filepath.Base(filepath.Dir(path))
	raws := [][]byte{text}
	if set != exactSet {
		raws = splitMbox(withCRLF(text))
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(set + "/" + filepath.Base(path))) // never fails
	var messages []Message
	for i, raw := range raws {
		r := rand.New(rand.NewPCG(hash.Sum64(), uint64(i)))
		folder := folder{path: []string{set}}
		messages = append(messages, Message{
			Folder: folder.path,
			Raw:    raw,
			Flags:  someFlags(r, folder),
			Date:   anyDate(r),
			Trait:  filepath.Base(path),
		})
	}
	return messages, nil
}

// withCRLF makes every line end a CRLF.
func withCRLF(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}

// mboxLine begins a message of an mbox: "From ", a sender, and a date. Lines of
// mail that begin with "From " hold no time of day.
var mboxLine = regexp.MustCompile(`(?m)^From .*\d\d:\d\d:\d\d.*\r\n`)

// splitMbox returns the messages of an mbox without the lines between them, or
// text itself if it is none: one "From " line may belong to a single message.
func splitMbox(text []byte) [][]byte {
	if !bytes.HasPrefix(text, []byte("From ")) {
		return [][]byte{text}
	}
	starts := mboxLine.FindAllIndex(text, -1)
	if len(starts) < 2 {
		return [][]byte{text}
	}
	if starts[0][0] > 0 { // the first line may lack its date
		starts = append([][]int{{0, bytes.IndexByte(text, '\n') + 1}}, starts...)
	}
	var messages [][]byte
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		raw := text[start[1]:end]
		if bytes.HasSuffix(raw, []byte("\r\n\r\n")) { // the blank line before the next "From "
			raw = raw[:len(raw)-2]
		}
		messages = append(messages, raw)
	}
	return messages
}
