#!/bin/sh
# From a shell. Needs a server with the jobs of first_job/:  headway serve --app examples/first_job/jobs.py:app
set -eu
page=${1:-README.md}

# Make a job and wait for its result on stdout; messages go to stderr.
headway submit count_words path="$page" --wait

# Make one, keep its id, follow it, read about it.
id=$(headway submit count_words path="$page" --label from=shell)
headway watch "$id"
headway job "$id"

# Search. The same words work in REST and on the page.
headway jobs kind:count_words state:completed label.from:shell

# Watch any command: it runs here, its output and exit code stay its own, its progress is read from what it prints.
headway run --name numbers -- sh -c 'for i in 1 2 3 4 5; do echo "$i/5 numbers"; done'

# Ask programs' questions in JSON.
headway jobs kind:numbers --json
