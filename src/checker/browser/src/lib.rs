//! The independent checker for a page: bytes in, words out, one number a call.
//!
//! A page begins a file, pushes its bytes, and asks for the answer. No pointer crosses the border, so there is nothing to get wrong
//! about memory, and no generated glue to trust.

use polycert_checker::{
    check, check_box, check_inference, check_network, check_program, kind, Kind, MAX_FILE_BYTES,
};
use std::cell::RefCell;

/// The certificate; the exact network and the exact input of one that is about them; the program of an inference.
const FILES: usize = 4;

#[derive(Default)]
struct Page {
    files: [Vec<u8>; FILES],
    answer: Vec<u8>,
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::default();
}

/// Forgets what a file was: 0 the certificate, 1 the exact network, 2 the exact input, 3 the program.
#[allow(unsafe_code)]
#[no_mangle]
pub extern "C" fn begin(file: u32) {
    PAGE.with_borrow_mut(|page| {
        if let Some(bytes) = page.files.get_mut(file as usize) {
            bytes.clear();
        }
    });
}

/// Adds a byte to a file; more than the checker reads are left out, and it says that the file is too long.
#[allow(unsafe_code)]
#[no_mangle]
pub extern "C" fn push(file: u32, byte: u32) {
    PAGE.with_borrow_mut(|page| {
        if let Some(bytes) = page.files.get_mut(file as usize) {
            if bytes.len() <= MAX_FILE_BYTES {
                bytes.push(byte as u8);
            }
        }
    });
}

/// Which files the certificate needs besides itself: bit 1 the exact network, bit 2 the exact input, bit 3 the program.
#[allow(unsafe_code)]
#[no_mangle]
pub extern "C" fn needs() -> u32 {
    PAGE.with_borrow(|page| match kind(&page.files[0]) {
        Kind::Network => 0b0110,
        Kind::NetworkBox | Kind::Program => 0b0010,
        Kind::Inference => 0b1110,
        Kind::Certificate | Kind::Manifest | Kind::Plan | Kind::Other => 0,
    })
}

/// Checks the certificate with the files that it needs, and returns the length of the answer in bytes of UTF-8.
#[allow(unsafe_code)]
#[no_mangle]
pub extern "C" fn answer() -> u32 {
    PAGE.with_borrow_mut(|page| {
        page.answer = told(&page.files).into_bytes();
        page.answer.len() as u32
    })
}

/// A byte of the answer.
#[allow(unsafe_code)]
#[no_mangle]
pub extern "C" fn answer_byte(i: u32) -> u32 {
    PAGE.with_borrow(|page| page.answer.get(i as usize).map_or(0, |b| u32::from(*b)))
}

fn told([certificate, network, input, program]: &[Vec<u8>; FILES]) -> String {
    match kind(certificate) {
        Kind::Network => check_network(certificate, network, input).to_string(),
        Kind::NetworkBox => check_box(certificate, network, &mut |_, _| ()).to_string(),
        Kind::Program => check_program(certificate, network).to_string(),
        Kind::Inference => {
            let files = (network.as_slice(), input.as_slice());
            check_inference(certificate, program, files, &mut |_, _| ()).to_string()
        }
        Kind::Manifest | Kind::Plan => {
            "UNREADABLE a manifest or a plan is about a folder: polycert-check takes it".to_owned()
        }
        Kind::Certificate | Kind::Other => check(certificate).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(file: u32, bytes: &[u8]) {
        begin(file);
        bytes.iter().for_each(|b| push(file, u32::from(*b)));
    }

    fn said() -> String {
        let bytes = (0..answer()).map(|i| answer_byte(i) as u8).collect();
        String::from_utf8(bytes).unwrap()
    }

    fn shipped(name: &str) -> Vec<u8> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../certificates");
        std::fs::read(format!("{root}/{name}")).unwrap()
    }

    #[test]
    fn what_is_given_byte_by_byte_is_checked() {
        let good = shipped("relu08.cert.json");
        given(0, &good);
        assert_eq!(needs(), 0);
        assert_eq!(said(), check(&good).to_string());
        assert!(said().starts_with("VERIFIED"));
        given(0, &good[1..]);
        assert!(said().starts_with("UNREADABLE"));
        let folder = "networks/fashion/encrypted/program.json";
        given(0, &shipped(folder));
        assert_eq!(needs(), 2);
        assert!(said().starts_with("REJECTED digest"));
        given(1, &shipped(&format!("{folder}.network")));
        assert!(said().starts_with("VERIFIED the network runs encrypted"));
        assert_eq!(answer_byte(u32::MAX), 0);
        begin(9);
        push(9, 1);
    }
}
