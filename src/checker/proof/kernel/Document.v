(** A document as a value: its numbers, short for Coq to read, and the proof of its statement by computation.

    Nothing here has to be trusted but the two lines that say what numbers are: a proof is what the kernel accepts. *)
From Coq Require Import ZArith QArith List.
From Polycert Require Import Statement Check.

(** m/2^k, and m 2^k. *)
Definition dyadic (m : Z) (k : N) : Q := Qmake m (Pos.shiftl 1 k).
Definition shifted (m : Z) (k : N) : Z := Z.shiftl m (Z.of_N k).
Arguments dyadic m%Z_scope k%N_scope.
Arguments shifted m%Z_scope k%N_scope.

(** What is said of a document that is refused, with the names of the format. *)
Inductive rule :=
  | stage_ranges | closeness | deviation | derivative | magnitude | pool | argmax | clip | lines | contraction | series.
Inductive refusal := Claim (number : nat) (name : rule) | Target | Document (what : fault) | Accepted.
Definition rule_of (c : claim) : rule :=
  match c with
  | StageRanges _ _ _ => stage_ranges | Closeness _ _ _ _ => closeness | Deviation _ _ _ => deviation
  | Derivative _ _ _ => derivative | Magnitude _ _ _ _ => magnitude | Pool _ => pool | Argmax _ => argmax
  | Clip _ => clip | Lines _ _ _ => lines | Contraction _ _ _ _ => contraction | Series _ => series
  end.
Definition refused (c : certificate) (found : option fault) : refusal :=
  let at_claim i := match nth_error (claims c) i with Some (a, _) => Claim i (rule_of a) | None => Target end in
  match found with
  | Some (FaultClaim i) | Some (FaultOutput i) => at_claim i
  | Some FaultTarget => Target
  | Some what => Document what
  | None => Accepted
  end.

(** Applies a theorem `forall c, examine c = None -> statement c` and has the kernel compute, once; where the document is
    refused, says why. *)
Ltac computed examine theorem :=
  apply theorem;
  tryif abstract (vm_cast_no_check (eq_refl (@None fault))) then idtac
  else match goal with |- _ ?document = None =>
    let why := eval vm_compute in (refused document (examine document)) in fail 1 "REJECTED:" why
  end.
