package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
)

// takeFolder makes dir ready for a store and returns its lock. The lock is
// checked before anything in the folder is touched.
func takeFolder(dir string) (*os.File, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	if err := refuseForeign(dir); err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// makeFolder makes dir unless it is there, and waits until its name is on the
// disk.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return err
	}
	return syncFile(filepath.Dir(dir))
}

func prepareFolder(dir string) error {
	if err := restrict(dir, folderMode); err != nil {
		return err
	}
	temp := filepath.Join(dir, tempName)
	for _, folder := range []string{temp, filepath.Join(dir, keysName)} {
		if err := ensureInner(folder); err != nil {
			return err
		}
	}
	return emptyFolder(temp)
}

// ensureInner makes a folder of the store unless it is there. A link in its
// place is refused: what lies behind it is not ours to empty.
func ensureInner(path string) error {
	if err := os.Mkdir(path, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: %w", path, ErrForeignFolder)
	}
	return restrict(path, folderMode)
}

// refuseForeign returns ErrForeignFolder for a folder that is neither empty nor
// a store's: one with our database, or with our lock and nothing that a store
// does not lay there before its database.
func refuseForeign(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	unknown := func(name string) bool { return !slices.Contains([]string{lockName, tempName, keysName}, name) }
	begun := slices.Contains(names, lockName) && !slices.ContainsFunc(names, unknown)
	if begun || slices.Contains(names, databaseName) {
		return nil
	}
	return ErrForeignFolder
}

// takeLock locks the file at path for this process. The kernel gives the lock
// free when the process ends, even by kill -9; the file stays, since removing
// it would let two processes lock two files of one name.
func takeLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	err = flock(file)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// ensureFile makes the file at path unless it is there, for its owner only.
// SQLite gives the files it lays beside a database the rights of the database.
func ensureFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), restrict(path, fileMode))
}

// restrict takes the rights beyond mode from path.
func restrict(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^mode == 0 {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()&mode)
}

func emptyFolder(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// syncFile waits until the octets of the file or folder at path are on the
// disk, whoever wrote them.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// writeFile lays a file with these octets at path, whole or not at all, and
// waits until it is on the disk.
func writeFile(path string, octets []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, octets, fileMode); err != nil {
		return err
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// shredFile overwrites the file at path, waits until that is on the disk and
// removes it. On a disk that writes anywhere but in place the old octets may
// still exist; no program can reach them through the file system.
func shredFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := overwrite(path, strings.Repeat("\x00", int(info.Size()))); err != nil {
		return fmt.Errorf("overwrite %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

func overwrite(path, octets string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	_, err = file.WriteString(octets)
	return errors.Join(err, file.Sync(), file.Close())
}
