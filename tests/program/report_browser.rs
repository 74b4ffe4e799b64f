//! `polycert report` in a browser: narrow and wide, light and dark, nothing overflows, overlaps or is cut
//! off, every figure has its words, and nothing is asked of a network.
//!
//! Needs Chromium (Debian: `apt-get install chromium`); without it the test says loudly that it was
//! skipped, and with `POLYCERT_BROWSER=1` it fails. `POLYCERT_PICTURES=DIR` keeps the pictures.

use crate::support::browser::{self, Browser};
use crate::support::program::{polycert, Folder, F1};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Telephone and desk.
const VIEWS: [(u32, &str); 4] = [
    (400, "light"),
    (400, "dark"),
    (1400, "dark"),
    (1400, "light"),
];

fn shipped(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    folder.join(name).to_str().unwrap().to_owned()
}

/// Pages of every kind: one certificate, several, another target, two sides, nothing to draw.
fn pages(folder: &Folder) -> Vec<(String, PathBuf)> {
    let certify = |name: &str, table: &str, more: &[&str]| {
        let output = folder.at(&format!("{name}.cert.json"));
        let mut line = vec!["certify", table];
        line.extend(more);
        line.extend(["-o", &output]);
        let run = polycert(&line);
        assert!(run.code < 2, "{run:?}");
        output
    };
    let f1 = folder.file("f1.json", F1);
    let shifted = F1.replace("[\"0\",\"1.5\"", "[\"1/1000\",\"1.5\"");
    let shifted = folder.file("shifted.json", shifted);
    let long = format!("{}<b>&amp;", "W".repeat(180));
    let long = folder.file("long.json", F1.replace("\"f1\"", &format!("\"{long}\"")));
    let relu = shipped("relu08.json");
    let sign = certify("sign", &relu, &["--target", "sign", "--bound", "1000000"]);
    let refuted = certify("refuted", &relu, &["--claim", "2^-20"]);
    let two = certify("two", &shifted, &[]);
    let bare = certify(
        "bare",
        &long,
        &["--only-error", "--target", "leaky_relu", "--slope", "1/3"],
    );
    let max = certify("max", &f1, &["--target", "max", "--bound", "1/1000000"]);
    let relu14 = shipped("relu14.cert.json");
    let all = [
        ("one", vec![relu14.clone()]),
        ("refuted", vec![refuted.clone()]),
        ("sign", vec![sign.clone()]),
        ("two-sided", vec![two.clone()]),
        ("bare", vec![bare.clone()]),
        ("audit", vec![shipped("../reports/fashion.audit.json")]),
        ("pool", vec![shipped("relu13.pool2.cert.json")]),
        (
            "many",
            vec![
                relu14,
                shipped("relu13.cert.json"),
                shipped("relu15.cert.json"),
                shipped("relu16.cert.json"),
                sign,
                refuted,
                two,
                bare,
                max,
            ],
        ),
    ];
    let page = |(name, files): (&str, Vec<String>)| {
        let path = folder.path(&format!("{name}.html"));
        let mut line = vec!["report".to_owned()];
        line.extend(files);
        line.extend(["-o".to_owned(), path.to_str().unwrap().to_owned()]);
        polycert(&line).exits(0);
        (name.to_owned(), path)
    };
    all.into_iter().map(page).collect()
}

/// What is wrong with a page as it is drawn: a list of words, empty if nothing is.
const FAULTS: &str = r#"(() => {
  const faults = [];
  const width = document.documentElement.clientWidth;
  for (const d of document.querySelectorAll('details')) d.open = true;
  if (document.documentElement.scrollWidth > window.innerWidth)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide on ${window.innerWidth}`);
  const scrolls = e => e.closest('.scroll') !== null;
  for (const e of document.querySelectorAll('main *')) {
    const box = e.getBoundingClientRect();
    if (!scrolls(e) && !e.closest('svg') && box.width > 0 && (box.right > width + 1 || box.left < -1))
      faults.push(`${e.tagName} reaches from ${box.left} to ${box.right}: ${e.textContent.slice(0, 40)}`);
    const style = getComputedStyle(e);
    if (!scrolls(e) && !e.closest('svg') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
        && style.display !== 'inline')
      faults.push(`${e.tagName} ${e.className} overflows: ${e.textContent.slice(0, 40)}`);
  }
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  for (const svg of document.querySelectorAll('svg')) {
    const words = (svg.getAttribute('aria-labelledby') || '').split(' ')
      .map(id => (document.getElementById(id) || {textContent: ''}).textContent);
    const title = svg.querySelector('title')?.textContent;
    if (svg.getAttribute('role') !== 'img' || words.length !== 2 || words.some(w => w.length < 5))
      faults.push(`no words for a figure: ${words}`);
    const outer = svg.closest('figure').getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    if (texts.length < 4) faults.push(`${title}: ${texts.length} labels`);
    texts.forEach(([t, box], i) => {
      if (box.left < outer.left || box.right > outer.right || box.top < outer.top)
        faults.push(`${title}: the label ${t} is cut off`);
      if (box.height < 9) faults.push(`${title}: the label ${t} is ${box.height} high`);
      for (const [o, other] of texts.slice(i + 1))
        if (meet(box, other)) faults.push(`${title}: ${t} meets ${o}`);
    });
    // Every mark has a colour of its own against the ground.
    const ground = getComputedStyle(svg.closest('figure')).backgroundColor;
    for (const e of svg.querySelectorAll('polyline, circle, rect, polygon, text')) {
      const s = getComputedStyle(e);
      const seen = [s.fill, s.stroke].filter(c => c !== 'none' && c !== ground);
      if (seen.length === 0) faults.push(`${title}: an unseen ${e.tagName}`);
      if (e.tagName === 'polyline' && s.fill !== 'none') faults.push(`${title}: a filled line`);
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) faults.push('an id stands twice');
  return [...new Set(faults)];
})()"#;

/// Lightness of the ground and of the text, 0 to 255.
const SHADES: &str = r#"(() => {
  const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number); return (r + g + b) / 3; };
  const s = getComputedStyle(document.body);
  return [light(s.backgroundColor), light(s.color)];
})()"#;

#[test]
fn pages_are_drawn_without_fault() {
    let Some(program) = browser::program() else {
        assert!(
            std::env::var_os("POLYCERT_BROWSER").is_none(),
            "POLYCERT_BROWSER is set, but there is no Chromium"
        );
        eprintln!(
            "SKIPPED: no Chromium (apt-get install chromium): pages of `polycert report` were NOT drawn"
        );
        return;
    };
    let folder = Folder::new();
    let pages = pages(&folder);
    let pictures = std::env::var_os("POLYCERT_PICTURES").map(PathBuf::from);
    let mut browser = Browser::start(program);
    let mut faults: Vec<String> = Vec::new();
    for (name, path) in &pages {
        browser.open(path);
        for (width, scheme) in VIEWS {
            let mut fault = |words: &str| faults.push(format!("{name} {width} {scheme}: {words}"));
            browser.view(width, scheme);
            assert_eq!(browser.evaluate("window.innerWidth"), width);
            let found = browser.evaluate(FAULTS);
            for words in found.as_array().unwrap() {
                fault(words.as_str().unwrap());
            }
            let shades = browser.evaluate(SHADES);
            let dark = shades[0].as_f64() < shades[1].as_f64();
            assert_eq!(dark, scheme == "dark", "{name}: {shades}");
            browser.complaints.drain(..).for_each(|words| fault(&words));
            if let Some(pictures) = &pictures {
                let file = pictures.join(format!("{name}-{width}-{scheme}.png"));
                std::fs::write(file, browser.picture()).unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The eye of this test is open: a page with known faults has them.
    let broken = folder.file(
        "broken.html",
        "<!DOCTYPE html><main><p style='width:2000px'>wide</p><figure><svg viewBox='0 0 100 100' width='300'>\
         <text x='10' y='50'>aaaa</text><text x='12' y='52'>bbbb</text></svg></figure>\
         <img src='https://localhost:1/x.png'><script>undefined.x</script></main>",
    );
    browser.view(400, "light");
    browser.open(Path::new(&broken));
    let found: Value = browser.evaluate(FAULTS);
    let found = found.to_string();
    for words in ["the page is", "no words", "aaaa meets bbbb", "2 labels"] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let complaints = browser.complaints.join("\n");
    assert!(
        complaints.contains("request of https://localhost") && complaints.contains("TypeError"),
        "{complaints}"
    );
}
