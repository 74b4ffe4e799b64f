use polycert::{poly::*, arith::rounding::CoefficientMode, certify::*};
use rug::Float; use std::time::Instant;
#[test] fn scratch() {
  for f in std::fs::read_dir("../shared/tables").unwrap() {
    let p=f.unwrap().path(); if p.extension().map(|e|e!="json").unwrap_or(true) {continue;}
    let s=import::Settings{name:"t".into(),target:Function::Relu,basis:None,hi:1.into(),eps:None};
    let t=import::import(&std::fs::read_to_string(&p).unwrap(),&s).unwrap();
    let c=Composite::new(&t,CoefficientMode::Exact).unwrap();
    for prec in [128,192,256] {
    let one=Float::with_val(prec,1);
    for _ in 0..2 {
    let t0=Instant::now();
    let b:Result<Vec<_>,_>=c.branches.iter().map(|b| cascade::Branch::new(b,&one,prec)).collect();
    let b=match b {Ok(b)=>b,Err(e)=>{println!("{} {prec} ERR {e}",p.display());continue}};
    let t1=t0.elapsed();
    let d=deviation::enclose(&b,&one,2f64.powi(-40));
    let t2=t0.elapsed();
    match d { Ok(d)=>println!("{} {prec} br{} hi={:.10e} log2 {:.5} at {:.4e} gap {:.2} cells {:?} order1 {} t_branch {:?} total {:?}",p.file_name().unwrap().to_str().unwrap(),b.len(),d.bound_hi,d.bound_hi.clone().log2(),d.witness.x,d.estimate_gap().log2(),d.cells.iter().map(|c|c.orders.len()).collect::<Vec<_>>(),d.cells[0].orders.iter().filter(|o|**o==1).count(),t1,t2), Err(e)=>println!("{} ERR {e} {:?}",p.display(),t2)}
    }}
  }
}
