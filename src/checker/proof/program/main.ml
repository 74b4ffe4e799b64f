(* polycert-check-proved: the checker that is proved in Coq, with the command line of polycert-check. *)

let help = {|Checks polycert certificates with the checker that is proved in Coq (src/checker/proof).

Usage: polycert-check-proved [OPTIONS] PATH...

  PATH                 a polycert-certificate/1; `-` is standard input
                       a folder: its *.cert.json, and its other *.json that say they are certificates;
                         folders in it are not entered
                       a manifest: the certificates of tables that it lists
  --require STATEMENT  every certificate must prove this, or more (repeatable), as for polycert-check; that a
                         certificate as strong proves it is a theorem, too (required_ok)
  --any-verdict        a stated bound that is REFUTED or UNDECIDED does not change the exit code
  --table-sha256 HEX   only accept certificates about the table with this digest
  --coq, --coq-pure    print a certificate that is accepted as a theorem for coqc, which then needs to trust this
                       program for nothing; pure computes with Coq's own integers alone, ten times as long
  --quiet              print nothing; the exit code is the answer
  --json               print one JSON object a line for each file; without `work`
  --help, --version    print this text, or the version

Outside: claims of the rules stages, mean_square and rounding; evaluation and network
certificates, alone or in a manifest; --network, --input. Use polycert-check for these.

Exit code: 0 every certificate is VERIFIED, every bound stated in it PROVED, and all that is required is met; 1 one is
rejected, its stated bound REFUTED or UNDECIDED, or not what is required; 2 one is unreadable or missing, or wrong
usage; 3 nothing worse, but one is outside of what this program checks.
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

(* What a command line asks for. *)
type request = { paths : string list; wanted : string option; required : Requirement.t list; any_verdict : bool; quiet : bool;
  json : bool; theorem : bool option }

let check bytes ~wanted ~required =
  let open Answer in
  try
    guard (fun () ->
        let d = Reader.read bytes wanted in
        match Checker.examine d.certificate with
        | Some f -> fault d f
        | None ->
            let unmet (r : Requirement.t) =
              Option.map (fun why -> on_one_line r.text ^ ": " ^ why) (Requirement.shortfall d r) in
            Verified (d, List.filter_map unmet required))
  with
  | Json.Unreadable (path, detail) -> Unreadable (path, detail)
  | Reader.Rejected words -> rejected words
  | Reader.Outside what -> Outside what
  | Limit what -> Rejected (None, "limit", what)

(* ---- files ---- *)

let on_one_line = Answer.on_one_line
let cannot what why = Answer.Unreadable ("", Printf.sprintf "cannot read the %s: %s" what (on_one_line why))

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

(* What a file says that it is; none where it is not read. *)
let format_of bytes =
  match Json.parse bytes with
  | Json.Object l -> (match List.assoc_opt "format" l with Some (Json.Text t) -> Some t | _ -> None)
  | _ | (exception Json.Unreadable _) -> None
let certificate_formats = [ "polycert-certificate/1"; "polycert-evaluation/1"; "polycert-network/1";
  "polycert-network-deviation/1"; "polycert-network-box/1" ]
(* What is named a certificate must be one; of others, those that say so, damaged or not. *)
let is_listed path =
  let named = Filename.check_suffix path ".cert.json" in
  Filename.check_suffix path ".json"
  && (match Unix.stat path with s -> s.Unix.st_kind = Unix.S_REG | exception Unix.Unix_error _ -> true)
  && (named
      || match read_file path with
         | exception Sys_error _ -> true
         | bytes -> (
             match format_of bytes with
             | Some f when List.mem f [ Manifest.format; "polycert-plan/1" ] -> false
             | Some f when List.mem f certificate_formats -> true
             | _ -> List.exists (fun f -> Numbers.split bytes ("\"" ^ f ^ "\"") <> None) certificate_formats))
let certificates folder =
  let files = List.map (Filename.concat folder) (Array.to_list (Sys.readdir folder)) in
  List.filter is_listed (List.sort compare files)

(* Of verdicts on several files the worst counts; outside is worse than verified alone. *)
let worse a b = let rank = function 0 -> 0 | 3 -> 1 | 1 -> 2 | _ -> 3 in if rank a >= rank b then a else b

(* Prints an answer and returns its exit code. *)
let tell request path answer ~several =
  let code = Answer.code ~any_verdict:request.any_verdict answer in
  let name = on_one_line path in
  if request.quiet then ()
  else if request.json then print_endline (Answer.json path answer ~accepted:(code = 0))
  else begin
    let words = match answer, request.theorem with
      | Answer.Verified (d, []), Some pure -> Coq.theorem ~pure d.certificate
      | _ -> Answer.words answer in
    if code >= 2 then prerr_endline (name ^ ": " ^ words)
    else if several then print_endline (name ^ ": " ^ words)
    else print_endline words
  end;
  code

(* Checks what a manifest lists, and names the certificates beside it that it does not list. *)
let manifest request path entries =
  let folder = Filename.dirname path in
  let beside file = if String.contains path '/' then Filename.concat folder file else file in
  let one (e : Manifest.entry) =
    let file = beside e.file in
    let answer =
      match read_file file with
      | exception Sys_error why -> cannot "file" why
      | bytes ->
          let digest = Sha256.digest bytes in
          if digest <> e.sha256 then
            Answer.Rejected (None, "manifest", Printf.sprintf "the file's sha256 is %s, not %s" digest e.sha256)
          else
            match e.subject with
            | Network -> Answer.Outside "a certificate of a network"
            | Table (table, required) -> check bytes ~wanted:(Some table) ~required:(required @ request.required) in
    tell request file answer ~several:true in
  let code = List.fold_left (fun code e -> worse code (one e)) 0 entries in
  match certificates folder with
  | exception Sys_error _ -> worse code 2
  | files ->
      List.iter (fun file ->
          let name = Filename.basename file in
          let file = beside name in
          if (not request.quiet) && not (List.exists (fun (e : Manifest.entry) -> e.file = name) entries) then
            print_endline
              (if request.json then Printf.sprintf "{\"file\":%s,\"outcome\":\"NOT LISTED\"}" (Answer.quoted file)
               else on_one_line file ^ ": NOT LISTED in the manifest, not checked")) files;
      code

(* Checks a file or a manifest. *)
let one request path ~several =
  match read_file path with
  | exception Sys_error why -> tell request path (cannot "file" why) ~several
  | bytes when format_of bytes = Some Manifest.format -> (
      let unreadable detail = tell request path (Answer.Unreadable ("", detail)) ~several in
      if request.wanted <> None || path = "-" then
        unreadable "a manifest is a file, and has its own digests and networks"
      else
        match Manifest.read (Json.parse bytes) with
        | entries -> manifest request path entries
        | exception Json.Unreadable (field, detail) -> unreadable (if field = "" then detail else field ^ ": " ^ detail))
  | bytes -> tell request path (check bytes ~wanted:request.wanted ~required:request.required) ~several

let on_path request path =
  if path = "-" || not (try Sys.is_directory path with Sys_error _ -> false) then
    one request path ~several:(List.length request.paths > 1)
  else
    match certificates path with
    | exception Sys_error why -> tell request path (cannot "folder" why) ~several:true
    | [] -> tell request path (Answer.Unreadable ("", "no certificate in the folder")) ~several:true
    | files -> List.fold_left (fun code file -> worse code (one request file ~several:true)) 0 files

let () =
  let misused text =
    prerr_endline (Printf.sprintf "polycert-check-proved: %s\nTry polycert-check-proved --help" (on_one_line text));
    exit 2 in
  let is_hex c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') in
  let valued r name value =
    match name with
    | "--table-sha256" ->
        if String.length value <> 64 || not (String.for_all is_hex value) then misused "--table-sha256 needs 64 hexadecimal digits";
        { r with wanted = Some value }
    | "--require" -> (
        match Requirement.parse value with
        | required -> { r with required = r.required @ [ required ] }
        | exception Json.Unreadable (_, detail) -> misused ("--require " ^ detail))
    | _ -> misused (name ^ " is of polycert-check alone") in
  let takes_value name = List.mem name [ "--table-sha256"; "--require"; "--network"; "--input" ] in
  let rec read r = function
    | [] -> r
    | "--" :: rest -> { r with paths = r.paths @ rest }
    | ("--help" | "-h") :: _ -> print_string help; exit 0
    | ("--version" | "-V") :: _ -> print_endline ("polycert-check-proved " ^ Version.version); exit 0
    | "--quiet" :: rest -> read { r with quiet = true } rest
    | "--json" :: rest -> read { r with json = true } rest
    | "--coq" :: rest -> read { r with theorem = Some false } rest
    | "--coq-pure" :: rest -> read { r with theorem = Some true } rest
    | "--any-verdict" :: rest -> read { r with any_verdict = true } rest
    | name :: value :: rest when takes_value name -> read (valued r name value) rest
    | [ name ] when takes_value name -> misused (name ^ " needs a value")
    | text :: rest when text <> "-" && String.length text > 0 && text.[0] = '-' -> (
        match Numbers.split text "=" with
        | Some (name, value) when takes_value name -> read (valued r name value) rest
        | Some (name, _) -> misused ("unknown option " ^ name ^ "=")
        | None -> misused ("unknown option " ^ text))
    | path :: rest -> read { r with paths = r.paths @ [ path ] } rest in
  let none = { paths = []; wanted = None; required = []; any_verdict = false; quiet = false; json = false; theorem = None } in
  let request = read none (List.tl (Array.to_list Sys.argv)) in
  if request.paths = [] then misused "no file given";
  if request.theorem <> None && List.length request.paths > 1 then misused "--coq is of one certificate";
  exit (List.fold_left (fun code path -> worse code (on_path request path)) 0 request.paths)
