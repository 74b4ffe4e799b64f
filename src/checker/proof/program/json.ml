(* Strict JSON: strings, lists and objects only; duplicate fields are errors, sizes are limited (FORMAT.md, section 2). *)

(* Where in the document, and what is wrong. *)
exception Unreadable of string * string

let max_bytes = 2 * 1024 * 1024
let max_depth = 16
let max_fields = 64

type tree = Text of string | List of tree list | Object of (string * tree) list

let unreadable fmt = Printf.ksprintf (fun detail -> raise (Unreadable ("", detail))) fmt

(* Text of the document, made safe to print, so that it can forge no line of the output. *)
let printable text = Utf8.escaped ~unseen:true ~limit:true text

(* Puts a field, or an index in brackets, in front of the path of an error. *)
let at field read =
  try read () with
  | Unreadable (path, detail) ->
      let joint = if path = "" || path.[0] = '[' then "" else "." in
      raise (Unreadable (printable field ^ joint ^ path, detail))
let item i read = at (Printf.sprintf "[%d]" i) read

let parse text =
  let n = String.length text in
  if n > max_bytes then unreadable "the document is longer than %d bytes" max_bytes;
  if n >= 3 && String.sub text 0 3 = "\xef\xbb\xbf" then
    unreadable "the document begins with a byte order mark (EF BB BF): save it as UTF-8 without one";
  let i = ref 0 in
  let fail what =
    let line = ref 1 and start = ref 0 in
    String.iteri (fun k c -> if k < !i && c = '\n' then (incr line; start := k + 1)) text;
    unreadable "%s at line %d column %d" what !line (!i - !start) in
  let peek () = if !i < n then text.[!i] else fail "the document ends too early" in
  let rec blanks () =
    if !i < n && (match text.[!i] with ' ' | '\n' | '\t' | '\r' -> true | _ -> false) then (incr i; blanks ()) in
  let expect c = blanks (); if peek () <> c then fail (Printf.sprintf "expected `%c`" c); incr i in
  let hex () =
    let digit = function
      | '0' .. '9' as c -> Char.code c - 48
      | 'a' .. 'f' as c -> Char.code c - 87
      | 'A' .. 'F' as c -> Char.code c - 55
      | _ -> fail "invalid escape" in
    let x = ref 0 in
    for _ = 1 to 4 do x := (!x * 16) + digit (peek ()); incr i done;
    !x in
  let escape out =
    incr i;
    let c = peek () in
    incr i;
    match c with
    | '"' | '\\' | '/' -> Buffer.add_char out c
    | 'b' -> Buffer.add_char out '\b'
    | 'f' -> Buffer.add_char out '\012'
    | 'n' -> Buffer.add_char out '\n'
    | 'r' -> Buffer.add_char out '\r'
    | 't' -> Buffer.add_char out '\t'
    | 'u' ->
        let x = hex () in
        if x >= 0xd800 && x < 0xdc00 then begin
          if peek () <> '\\' then fail "lone surrogate";
          incr i;
          if peek () <> 'u' then fail "lone surrogate";
          incr i;
          let y = hex () in
          if y < 0xdc00 || y >= 0xe000 then fail "lone surrogate";
          Utf8.add out (0x10000 + ((x - 0xd800) lsl 10) + (y - 0xdc00))
        end
        else if x >= 0xdc00 && x < 0xe000 then fail "lone surrogate"
        else Utf8.add out x
    | _ -> fail "invalid escape" in
  let text_value () =
    expect '"';
    let out = Buffer.create 32 in
    let rec go () =
      match peek () with
      | '"' -> incr i
      | '\\' -> escape out; go ()
      | c when Char.code c < 0x20 -> fail "control character in a string"
      | _ -> (
          match Utf8.decode text !i with
          | Some (_, width) -> Buffer.add_string out (String.sub text !i width); i := !i + width; go ()
          | None -> fail "invalid UTF-8") in
    go ();
    Buffer.contents out in
  let rec value depth =
    blanks ();
    match peek () with
    | '"' -> Text (text_value ())
    | '[' -> inner depth; List (items ']' (fun () -> value (depth + 1)))
    | '{' ->
        inner depth;
        let seen = ref [] in
        Object
          (items '}' (fun () ->
               blanks ();
               let key = text_value () in
               if List.mem key !seen then fail (Printf.sprintf "duplicate field `%s`" (printable key));
               if List.length !seen = max_fields then
                 fail (Printf.sprintf "more than %d fields in one object" max_fields);
               seen := key :: !seen;
               expect ':';
               (key, value (depth + 1))))
    | _ -> fail "expected a string, a list or an object (numbers are written as strings)"
  and inner depth = if depth >= max_depth then fail (Printf.sprintf "nested deeper than %d" max_depth); incr i
  and items : 'a. char -> (unit -> 'a) -> 'a list = fun close one ->
    blanks ();
    if peek () = close then (incr i; [])
    else
      let rec more acc =
        let x = one () in
        blanks ();
        match peek () with
        | ',' -> incr i; more (x :: acc)
        | c when c = close -> incr i; List.rev (x :: acc)
        | _ -> fail (Printf.sprintf "expected `,` or `%c`" close) in
      more [] in
  let tree = value 0 in
  blanks ();
  if !i <> n then fail "trailing characters";
  tree

let text = function Text t -> t | _ -> unreadable "a string is expected"
let list = function List l -> l | _ -> unreadable "a list is expected"
let list_of least most tree =
  let l = list tree in
  let n = List.length l in
  if n < least || n > most then unreadable "%d entries, where %d to %d are allowed" n least most;
  l
let pair tree = match list tree with [ a; b ] -> (a, b) | _ -> unreadable "a list of two entries is expected"
(* Long lists are no matter for the stack. *)
let each read l =
  let one (made, i) x = (item i (fun () -> read x) :: made, i + 1) in
  List.rev (fst (List.fold_left one ([], 0) l))

(* The fields of an object that were not taken yet. *)
type fields = (string * tree) list ref
let fields = function Object l -> ref l | _ -> unreadable "an object is expected"
let take_maybe (f : fields) name read =
  match List.assoc_opt name !f with
  | None -> None
  | Some tree ->
      f := List.remove_assoc name !f;
      Some (at name (fun () -> read tree))
let take f name read =
  match take_maybe f name read with
  | Some x -> x
  | None -> at name (fun () -> unreadable "the field is missing")
(* Refuses the fields that nobody asked for. *)
let finish (f : fields) =
  match !f with [] -> () | (name, _) :: _ -> at name (fun () -> unreadable "the field is unknown here")
