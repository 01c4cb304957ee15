#!/bin/bash
# Two thousand power cuts. The seed is printed.
# timeout: 150
exec build/unit/crash_store
