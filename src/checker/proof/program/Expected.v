(** Prints Coq's own evaluation of the vectors. *)
From Coq Require Import ZArith List.
From Polycert Require Import program.Vectors.
Set Printing Width 1000000.
Set Printing Depth 1000000.
Eval vm_compute in computed tt.
