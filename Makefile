# make demo   the first result: generate, certify, check, in about two minutes from nothing
# make test   all tests
# make python  the Python packages and their tests, in a virtual environment of their own (target/python)
# make bench  the speeds that the guide quotes
# make prove  builds the checker that is proved in Coq, checks its proofs, and has it check all certificates it covers
# make prove-pure  the same, and all certificates by Coq's own integers alone (minutes; CERT=FILE: of this one)
# make browser  builds the checker as one page, target/browser/polycert-check.html, which needs no network (rustup's target wasm32)
# make certificates  makes the shipped tables and certificates again (same bytes)
# make reports  makes the shipped reports again from the shipped certificates (same bytes)
# Each does its own set-up: what is missing of m4, make and a C compiler is installed (Debian, Ubuntu).

.PHONY: demo test python bench prove prove-pure browser certificates reports setup build
unexport RUSTFLAGS

# With POLYCERT_DEMO the demo keeps its files there.
POLYCERT_DEMO ?= target/demo
BIN := target/release/polycert
CHECK := target/release/polycert-check

setup:
	@.ci/setup

build: setup
	@echo "Building polycert and polycert-check, optimised (GMP and MPFR from source the first time: about 4 minutes on 2 cores)"
	@cargo build --quiet --release

# The demo's own build: without optimisation, and without what it does not call (Cargo.toml: demo-build, full).
demo: BIN := target/demo-build/polycert
demo: CHECK := target/demo-build/polycert-check
demo: setup
	@echo "Building polycert and polycert-check (GMP and MPFR from source the first time: under 2 minutes on 2 cores)"
	@cargo build --quiet --profile demo-build --no-default-features
	@mkdir -p $(POLYCERT_DEMO)
	@echo; echo "1. Generate a composite of degrees 15, 27, 29 for ReLU (Remez; nothing is proved yet)"
	$(BIN) generate --degrees 15,27,29 --target relu -o $(POLYCERT_DEMO)/relu14.json
	@echo; echo "2. Certify the claim: ReLU within 2^-14 on [-1, 1]"
	$(BIN) certify $(POLYCERT_DEMO)/relu14.json --target relu --claim 2^-14 -o $(POLYCERT_DEMO)/relu14.cert.json
	@echo; echo "3. Have the independent checker verify the certificate (integers only, no code shared)"
	$(CHECK) $(POLYCERT_DEMO)/relu14.cert.json

test: setup
	cargo test

python: setup
	@.ci/python

bench: setup
	cargo bench

prove:
	@.ci/prove

prove-pure:
	@.ci/prove --pure

browser:
	@.ci/browser

certificates: build
	@sed -n 's/^polycert /$(subst /,\/,$(BIN)) /p' certificates/README.md certificates/EVALUATION.md | sh -e
	@$(CHECK) --quiet certificates certificates/smooth certificates/evaluation && echo "all certificates verified"

reports: build
	@mkdir -p reports
	$(BIN) catalogue certificates --format markdown -o reports/catalogue.md
	$(BIN) catalogue certificates --format html -o reports/catalogue.html
	$(BIN) report certificates/relu14.cert.json -o reports/relu14.html
	$(BIN) report certificates/relu??.cert.json -o reports/relu.html
	$(BIN) report reports/fashion.audit.json -o reports/fashion.html
	cd certificates/networks/fashion && ../../../$(BIN) plan network.safetensors --input images.npy --labels labels.npy \
	  --select 24 --state 8 --certify 8 --preset B --margins 8 -o ../../../reports/fashion-plan
	$(BIN) report reports/fashion-plan -o reports/fashion-plan.html
	$(BIN) network inference certificates/networks/fashion/network.safetensors --table certificates/relu13.json --bound 40 \
	  --input certificates/networks/fashion/images.npy --sample 0,3 -o certificates/networks/fashion/encrypted
	$(BIN) report certificates/networks/fashion/encrypted -o reports/fashion.encrypted.html
