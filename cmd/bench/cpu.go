package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks a second in /proc, the same on every Linux that Go runs on.
const ticks = 100

// treeTime is the CPU time that a process and its children have used, ended ones included. It is zero
// where there is no /proc.
func treeTime(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	total := int64(0)
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		text, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended
		}
		// The name stands in parentheses and may hold anything.
		end := bytes.LastIndexByte(text, ')')
		if end < 0 {
			continue
		}
		fields := strings.Fields(string(text[end+1:]))
		if len(fields) < 15 {
			continue
		}
		isRoot := filepath.Base(filepath.Dir(entry)) == strconv.Itoa(pid)
		switch {
		case isRoot:
			total += number(fields[11]) + number(fields[12]) + number(fields[13]) + number(fields[14])
		case fields[1] == strconv.Itoa(pid):
			total += number(fields[11]) + number(fields[12])
		}
	}
	return time.Duration(total) * time.Second / ticks
}

// ownTime is the CPU time that this program has used.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
