# SPDX-License-Identifier: GPL-3.0-or-later
# The front door. Everything real is behind it: meson builds, tools/ does the rest.
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=
ONCE ?=
STAGES ?=
FUZZ_SECONDS ?= 60
PYTHON := /usr/bin/python3
SOURCES = $(shell git ls-files '*.c' '*.h')
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help build run check bench fuzz golden stock format install clean

help:
	@echo 'make run         see it work in a private lab of network namespaces (root; ONCE=1 ends by itself)'
	@echo 'make check       every test (root; STAGES="unit golden" for some; STAGES=list shows them)'
	@echo 'make bench       ratios against other ways to do the same (root; QUICK=1 for two minutes)'
	@echo 'make fuzz        every fuzz target for FUZZ_SECONDS=60 each'
	@echo 'make golden      write the golden files anew, to be read before they are committed'
	@echo 'make stock       the labs on Debian'\''s own kernel, in qemu (root)'
	@echo 'make format      clang-format over all sources'
	@echo 'make install     DESTDIR= PREFIX=/usr/local LIBDIR=lib'
	@echo 'make clean       remove the build folders'
	@echo 'Missing Debian packages are installed when root; otherwise they are named.'

$(BUILD)/build.ninja:
	meson setup $(BUILD)

build:
	@tools/packages build
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	ninja -C $(BUILD)

run:
	@tools/packages build run
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@MH_BUILD=$(BUILD) $(PYTHON) demo/run.py $(if $(ONCE),--once)

check:
	@tools/packages build run check
	@$(PYTHON) tools/check.py --build $(BUILD) $(STAGES)

bench:
	@tools/packages build run bench
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet
	@MH_BUILD=$(BUILD) $(PYTHON) test/bench/run.py $(if $(QUICK),--quick)

fuzz:
	@tools/packages build check
	@$(PYTHON) test/fuzz/run.py --build $(BUILD)-fuzz --seconds $(FUZZ_SECONDS)

golden:
	@tools/packages build check
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) -Dtests=enabled
	@ninja -C $(BUILD) --quiet test/golden/golden
	@$(PYTHON) test/golden/run.py --program $(BUILD)/test/golden/golden --rewrite

stock:
	@tools/packages build run check stock
	@$(PYTHON) tools/check.py --build $(BUILD) build stock

format:
	@tools/packages format
	clang-format -i $(SOURCES)

install:
	@tools/packages build
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@meson configure $(BUILD) -Dprefix=$(PREFIX) -Dlibdir=$(LIBDIR)
	meson install -C $(BUILD) $(if $(DESTDIR),--destdir '$(abspath $(DESTDIR))')

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-fuzz
