package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// telling are the looks of what no log may hold, whoever it belongs to: tokens, secrets of clients and devices, keys, passwords in addresses.
var telling = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10}|[Bb]earer [A-Za-z0-9_-]{8}|Basic [A-Za-z0-9+/]{8}|\bmr[a-z]_[A-Za-z0-9_-]{8}|PRIVATE KEY|"?pin"?[=:]|postgres(ql)?://[^@ ]*:[^@ ]+@`)

// searchLogs looks for secrets in what the servers logged, and gives how many lines it looked at.
func (p *plant) searchLogs() (lines int, told []string, err error) {
	var secrets []string
	for _, name := range []string{"client-secret", "token", "servers-password", "encryption-key"} {
		content, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			if os.IsNotExist(err) {
				continue // it is given by the environment
			}
			return 0, nil, err
		}
		secrets = append(secrets, strings.TrimSpace(string(content)))
	}
	for _, server := range p.servers {
		file, err := os.Open(server.log)
		if err != nil {
			return lines, told, err
		}
		scanner := bufio.NewScanner(file)
		scanner.Buffer(nil, 1<<20)
		for n := 1; scanner.Scan(); n++ {
			lines++
			line := scanner.Text()
			isTelling := telling.MatchString(line)
			for _, secret := range secrets {
				isTelling = isTelling || strings.Contains(line, secret)
			}
			if isTelling {
				told = append(told, fmt.Sprintf("%s, line %d", server.log, n))
			}
		}
		if err := scanner.Err(); err != nil {
			return lines, told, fmt.Errorf("read %s: %w", server.log, err)
		}
		if err := file.Close(); err != nil {
			return lines, told, err
		}
	}
	return lines, told, nil
}
