#!/bin/bash
# Two million random operations on stores, with restarts. The seed is printed.
# timeout: 150
exec build/unit/model_store
