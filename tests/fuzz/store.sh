#!/bin/bash
# Four thousand damaged images. The seed is printed.
# timeout: 150
exec build/unit/mutate_store 4000
