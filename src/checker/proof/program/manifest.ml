(* The reader of a manifest: which certificates there must be, and what each must prove. *)
open Json

let format = "polycert-manifest/1"
let max_entries = 4096
let max_required = 16
let max_name = 200

(* What a certificate must be about; a network's is not checked here. *)
type subject = Table of string * Requirement.t list | Network
type entry = { file : string; sha256 : string; subject : subject }

(* A name in the folder itself: no way out of it, and nothing that another system reads as one. *)
let name t =
  let t = text t in
  let plain c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || String.contains "._-+=@ " c in
  if t = "" || t.[0] = '.' || String.length t > max_name || not (String.for_all plain t) then
    unreadable "a name of at most %d letters, digits and ._-+=@, none of them `/`, not beginning with a dot" max_name;
  t
let digest t =
  let t = text t in
  let lower c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') in
  if String.length t <> 64 || not (String.for_all lower t) then unreadable "not 64 lower-case hexadecimal digits";
  t

let entry tree =
  let f = fields tree in
  let file = take f "file" name in
  let sha256 = take f "sha256" digest in
  let subject = match take_maybe f "network_sha256" digest with
    | Some _ ->
        ignore (take f "input_sha256" digest);
        ignore (take f "class" (fun t -> Numbers.count 0 4095 (text t)));
        Network
    | None ->
        let table = take f "table_sha256" digest in
        let required t = each (fun t -> Requirement.parse (text t)) (list_of 1 max_required t) in
        Table (table, take f "require" required) in
  finish f;
  { file; sha256; subject }

let read tree =
  let f = fields tree in
  take f "format" (fun t -> if text t <> format then unreadable "`%s` is expected" format);
  let entries = take f "certificates" (fun t -> each entry (list_of 1 max_entries t)) in
  finish f;
  let rec twice = function
    | a :: (b :: _ as t) -> if a = b then Some a else twice t
    | _ -> None in
  (match twice (List.sort compare (List.map (fun e -> e.file) entries)) with
   | Some name -> at "certificates" (fun () -> unreadable "the file %s occurs twice" (printable name))
   | None -> ());
  entries
