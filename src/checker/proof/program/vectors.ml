(* Prints what the extracted program computes of the vectors, as Coq prints it. *)
let () =
  let list f l = "[" ^ String.concat "; " (List.map f l) ^ "]" in
  print_endline (list (list Z.to_string) (Checker.computed ()))
