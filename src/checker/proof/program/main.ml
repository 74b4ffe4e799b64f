(* polycert-check-proved: the checker that is proved in Coq, with the command line of polycert-check. *)

let help = {|Checks polycert certificates with the checker that is proved in Coq (src/checker/proof).

Usage: polycert-check-proved [OPTIONS] PATH...

  PATH                 a polycert-certificate/1; `-` is standard input
                       a folder: its *.cert.json; folders in it are not entered
  --any-verdict        a stated bound that is REFUTED or UNDECIDED does not change the exit code
  --table-sha256 HEX   only accept certificates about the table with this digest
  --coq, --coq-pure    print a certificate that is accepted as a theorem for coqc, which then needs to trust this
                       program for nothing; pure computes with Coq's own integers alone, ten times as long
  --quiet              print nothing; the exit code is the answer
  --help, --version    print this text, or the version

Outside: claims of the rules stages, mean_square and rounding; evaluation and network
certificates; manifests; --require, --json, --network, --input. Use polycert-check for these.

Exit code: 0 every certificate is VERIFIED, and every bound stated in it PROVED; 1 one is rejected, or its stated
bound REFUTED or UNDECIDED; 2 one is unreadable or missing, or wrong usage; 3 nothing worse, but one is outside of
what this program checks.
|}

(* Work that no honest certificate needs ends the check. *)
exception Limit of string
let seconds = 5
let gigabytes = 1
let guard run =
  let expire _ = raise (Limit (Printf.sprintf "the certificate needs more than %d s" seconds)) in
  Sys.set_signal Sys.sigvtalrm (Sys.Signal_handle expire);
  let timer s = ignore (Unix.setitimer Unix.ITIMER_VIRTUAL { Unix.it_interval = 0.; it_value = s }) in
  let watch () =
    if (Gc.quick_stat ()).Gc.heap_words > gigabytes * 134_217_728 then
      raise (Limit (Printf.sprintf "the certificate needs more than %d GiB" gigabytes)) in
  let alarm = Gc.create_alarm watch in
  let finish () = timer 0.; Gc.delete_alarm alarm in
  timer (float_of_int seconds);
  Fun.protect ~finally:finish (fun () ->
      try run () with Stack_overflow | Out_of_memory -> raise (Limit "the certificate needs more than the stack holds"))

type answer = { code : int; words : string }

let rejected words = { code = 1; words = "REJECTED " ^ words }
let unreadable path detail =
  { code = 2; words = "UNREADABLE " ^ (if path = "" then detail else path ^ ": " ^ detail) }

(* Which rule is not met, and of which claim. *)
let fault (d : Reader.document) (f : Checker.fault) =
  let claims = d.certificate.Checker.claims in
  let goal = List.length claims in
  let rule i = match List.nth_opt claims i with Some (c, _) -> Reader.rule_of c | None -> "target" in
  match f with
  | Checker.FaultPrecision -> unreadable "precision" "an integer from 64 to 2048 is expected"
  | Checker.FaultRounding -> unreadable "table.components" "a coefficient overflows the format"
  | Checker.FaultExpansion -> rejected "limit: the components, or p as one polynomial of degree at most 255, cannot be expanded"
  | Checker.FaultBranches -> rejected "branches: R1 pieces is not met, or there is one branch for components that are not odd"
  | Checker.FaultOutput i ->
      rejected (Printf.sprintf "claim %d, %s: table.output: is step, so that p is 2 h - 1 of the table's h: not what is meant by p as it is" i (rule i))
  | Checker.FaultClaim i -> rejected (Printf.sprintf "claim %d, %s: a condition of the rule is not met" i (rule i))
  | Checker.FaultTarget -> rejected (Printf.sprintf "claim %d, target: a condition of the rule is not met" goal)
  | Checker.FaultMadeFor -> rejected "target: the table is for a function of another slope or other ends than the target claim's"

let check bytes ~wanted ~any_verdict ~theorem =
  try
    guard (fun () ->
        let d = Reader.read bytes wanted in
        match Checker.examine d.certificate with
        | Some f -> fault d f
        | None ->
            let holds = match d.certificate.Checker.goal.Checker.target_claim with
              | None | Some (_, Checker.Proved) -> true
              | Some (_, (Checker.Refuted | Checker.Undecided)) -> false in
            { code = (if holds || any_verdict then 0 else 1); words =
                match theorem with
                | None -> String.concat "\n" (Words.report d)
                | Some pure -> Coq.theorem ~pure d.certificate })
  with
  | Json.Unreadable (path, detail) -> unreadable path detail
  | Reader.Rejected words -> rejected words
  | Reader.Outside what ->
      { code = 3; words = "OUTSIDE of what is proved in Coq: " ^ what ^ "; use polycert-check" }
  | Limit what -> rejected ("limit: " ^ what)

(* ---- files ---- *)

let on_one_line name = Utf8.escaped ~unseen:false ~limit:false name

let read_file path =
  let channel = if path = "-" then stdin else open_in_bin path in
  let close () = if path <> "-" then close_in_noerr channel in
  Fun.protect ~finally:close (fun () ->
      set_binary_mode_in channel true;
      let out = Buffer.create 65536 and chunk = Bytes.create 65536 in
      let rec go () =
        let n = input channel chunk 0 65536 in
        if n > 0 && Buffer.length out <= Json.max_bytes then (Buffer.add_subbytes out chunk 0 n; go ()) in
      go ();
      Buffer.contents out)

(* Of verdicts on several files the worst counts; outside is worse than verified alone. *)
let worse a b = let rank = function 0 -> 0 | 3 -> 1 | 1 -> 2 | _ -> 3 in if rank a >= rank b then a else b

let () =
  let paths = ref [] and quiet = ref false and any_verdict = ref false and wanted = ref None and theorem = ref None in
  let misused text =
    prerr_endline (Printf.sprintf "polycert-check-proved: %s\nTry polycert-check-proved --help" (on_one_line text));
    exit 2 in
  let digest hex =
    let digit c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') in
    if String.length hex <> 64 || not (List.for_all digit (List.of_seq (String.to_seq hex))) then
      misused "--table-sha256 needs 64 hexadecimal digits";
    wanted := Some hex in
  let rec read = function
    | [] -> ()
    | "--" :: rest -> paths := List.rev_append rest !paths
    | ("--help" | "-h") :: _ -> print_string help; exit 0
    | ("--version" | "-V") :: _ -> print_endline ("polycert-check-proved " ^ Version.version); exit 0
    | "--quiet" :: rest -> quiet := true; read rest
    | "--coq" :: rest -> theorem := Some false; read rest
    | "--coq-pure" :: rest -> theorem := Some true; read rest
    | "--any-verdict" :: rest -> any_verdict := true; read rest
    | "--table-sha256" :: hex :: rest -> digest hex; read rest
    | "--table-sha256" :: [] -> misused "--table-sha256 needs a value"
    | text :: rest when text <> "-" && String.length text > 0 && text.[0] = '-' -> (
        match Numbers.split text "=" with
        | Some ("--table-sha256", hex) -> digest hex; read rest
        | Some (("--require" | "--network" | "--input") as name, _) -> misused (name ^ " is of polycert-check alone")
        | Some (name, _) -> misused ("unknown option " ^ name ^ "=")
        | None when List.mem text [ "--require"; "--json"; "--network"; "--input" ] -> misused (text ^ " is of polycert-check alone")
        | None -> misused ("unknown option " ^ text))
    | path :: rest -> paths := path :: !paths; read rest in
  read (List.tl (Array.to_list Sys.argv));
  let paths = List.rev !paths in
  if paths = [] then misused "no file given";
  if !theorem <> None && List.length paths > 1 then misused "--coq is of one certificate";
  let one path ~several =
    let answer =
      try check (read_file path) ~wanted:!wanted ~any_verdict:!any_verdict ~theorem:!theorem
      with Sys_error why -> unreadable "" ("cannot read the file: " ^ on_one_line why) in
    if not !quiet then begin
      let name = on_one_line path in
      if answer.code >= 2 then prerr_endline (name ^ ": " ^ answer.words)
      else if several then print_endline (name ^ ": " ^ answer.words)
      else print_endline answer.words
    end;
    answer.code in
  let path_code path =
    let folder = path <> "-" && (try Sys.is_directory path with Sys_error _ -> false) in
    if not folder then one path ~several:(List.length paths > 1)
    else
      let files = try List.sort compare (Array.to_list (Sys.readdir path)) with Sys_error _ -> [] in
      let named = List.filter (fun f -> Filename.check_suffix f ".cert.json") files in
      if named = [] then begin
        if not !quiet then prerr_endline (on_one_line path ^ ": UNREADABLE no certificate in the folder");
        2
      end
      else List.fold_left (fun code f -> worse code (one (Filename.concat path f) ~several:true)) 0 named in
  exit (List.fold_left (fun code path -> worse code (path_code path)) 0 paths)
