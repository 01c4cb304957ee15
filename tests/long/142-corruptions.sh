#!/bin/bash
# tests/vm/142-corruptions.sh with every damaged cache.
# kernels: 6.1
# host
# timeout: 400
ONLY='[0-9][0-9]-*' TIMEOUT=1500 exec "$(dirname "$0")/../vm/142-corruptions.sh"
