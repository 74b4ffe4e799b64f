(* UTF-8 as the Unicode standard has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. *)

(* The code point at a place and its length in bytes; none if the bytes are not UTF-8. *)
let decode text i =
  let n = String.length text in
  let byte k = if k < n then Char.code text.[k] else -1 in
  let more k = let b = byte k in if b land 0xc0 = 0x80 && b >= 0 then Some (b land 0x3f) else None in
  let b = byte i in
  if b < 0 then None
  else if b < 0x80 then Some (b, 1)
  else if b >= 0xc2 && b < 0xe0 then
    match more (i + 1) with Some x -> Some (((b land 0x1f) lsl 6) lor x, 2) | None -> None
  else if b >= 0xe0 && b < 0xf0 then
    match more (i + 1), more (i + 2) with
    | Some x, Some y ->
        let c = ((b land 0xf) lsl 12) lor (x lsl 6) lor y in
        if c < 0x800 || (c >= 0xd800 && c < 0xe000) then None else Some (c, 3)
    | _ -> None
  else if b >= 0xf0 && b < 0xf5 then
    match more (i + 1), more (i + 2), more (i + 3) with
    | Some x, Some y, Some z ->
        let c = ((b land 7) lsl 18) lor (x lsl 12) lor (y lsl 6) lor z in
        if c < 0x10000 || c > 0x10ffff then None else Some (c, 4)
    | _ -> None
  else None

(* Adds a code point. *)
let add out c =
  let put x = Buffer.add_char out (Char.chr x) in
  let tail shift = put (0x80 lor ((c lsr shift) land 0x3f)) in
  if c < 0x80 then put c
  else if c < 0x800 then (put (0xc0 lor (c lsr 6)); tail 0)
  else if c < 0x10000 then (put (0xe0 lor (c lsr 12)); tail 6; tail 0)
  else (put (0xf0 lor (c lsr 18)); tail 12; tail 6; tail 0)

(* Characters of a text that is UTF-8. *)
let length text =
  let rec go i count =
    match decode text i with Some (_, width) -> go (i + width) (count + 1) | None -> count in
  go 0 0

(* Control characters, and with unseen those that show nothing, as \u{..}; cut at 200 characters with limit. *)
let escaped ~unseen ~limit text =
  let out = Buffer.create 64 in
  let hidden c =
    c < 0x20 || (c >= 0x7f && c < 0xa0)
    || unseen
       && (c = 0xad || c = 0x61c || c = 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e)
          || (c >= 0x2060 && c <= 0x206f) || c = 0xfeff) in
  let rec go i count =
    if limit && count = 200 then (if i < String.length text then Buffer.add_string out "...")
    else
      match decode text i with
      | Some (c, width) ->
          if hidden c then Buffer.add_string out (Printf.sprintf "\\u{%x}" c)
          else Buffer.add_string out (String.sub text i width);
          go (i + width) (count + 1)
      | None -> if i < String.length text then (add out 0xfffd; go (i + 1) (count + 1)) in
  go 0 0;
  Buffer.contents out
