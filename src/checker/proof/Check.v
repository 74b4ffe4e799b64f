(** The checker: a document, and whether all that it claims is proved. Sound.v proves that it is then true. *)
Require Import Bool ZArith QArith List.
From Polycert Require Import Vocabulary Statement core.Fixed core.Number core.Pieces core.Cascade core.Ground
  core.Composite format.Table format.Rounding claims.Pool claims.Argmax claims.Clip claims.Shape claims.Target
  claims.Expand claims.Direct series.Stage series.Rule.
Import ListNotations.

(** The hints of a claim: a list of cells for each branch, pieces of its own polynomials, and a list of cells for each part
    of a claim about a smooth function. *)
Record claim_hints := { claim_cells : list cells; claim_pieces : list (list segment);
  claim_series : list (list series_cell) }.
Record certificate := {
  held_as : mode;
  step_output : bool;
  components : list component;
  precision : Z;
  branches : hints;
  claims : list (claim * claim_hints);
  goal : target;
  (** The slope or the ends of the function which the table is made for, where it states them. *)
  made_for : option shape }.

(** What claims are proved from: the branches, p as one polynomial, and its components; none of what no claim needs. *)
Record proved_of := { sides : option ground; itself : option polynomial; in_parts : option (list part_of) }.

Definition about_expanded (c : claim) : bool := match c with Lines _ _ _ | Contraction _ _ _ _ => true | _ => false end.
Definition about_itself (c : claim) : bool := match c with Series _ => true | _ => about_expanded c end.

Definition check_claim (p : Z) (k : proved_of) (earlier : list claim) (c : claim) (h : claim_hints) : bool :=
  match c, in_parts k with
  | Series a, Some l => prove_series p l (claim_series h) a
  | Series _, None => false
  | _, _ =>
  match c, sides k, itself k with
  | StageRanges from to ranges, Some g, _ => prove_stage_ranges p g from to ranges
  | Closeness from to hi w, Some g, _ => prove_closeness p g from to hi w
  | Deviation to hi w, Some g, _ => prove_deviation p g (claim_cells h) to hi w
  | Derivative to hi w, Some g, _ => prove_derivative p g (claim_cells h) to hi w
  | Magnitude to hi w escape, Some g, _ => prove_magnitude p g (claim_cells h) to hi w escape
  | Pool a, Some g, _ => prove_pool p g earlier a
  | Argmax a, Some g, _ => prove_argmax p g earlier a
  | Clip a, Some g, _ => prove_clip p g earlier a
  | Lines parts hi w, _, Some q => prove_lines p q (claim_pieces h) parts hi w
  | Contraction at_ radius order hi, _, Some q => prove_contraction p q (claim_pieces h) at_ radius order hi
  | _, _, _ => false
  end
  end.

(** One forward pass: a claim cites earlier ones only. Where it fails, the place of the first that is not proved. *)
Fixpoint check_claims (p : Z) (k : proved_of) (earlier : list claim) (cs : list (claim * claim_hints)) : option nat :=
  match cs with
  | [] => None
  | (c, h) :: t => if check_claim p k earlier c h then check_claims p k (earlier ++ [c]) t else Some (length earlier)
  end.

(** A table that states the slope or the ends of its own target is certified for these, and for no others. *)
Definition as_made (made : option shape) (f : function) : bool :=
  match made, f with
  | Some (LeakyReluShape a), Direct (LeakyReluShape b) => Qeq_bool a b
  | Some (ClipShape a b), Direct (ClipShape c d) => Qeq_bool a c && Qeq_bool b d
  | _, _ => true
  end.

(** Why a certificate is rejected. *)
Inductive fault :=
  | FaultPrecision | FaultRounding | FaultExpansion | FaultBranches | FaultOutput (claim : nat)
  | FaultClaim (claim : nat) | FaultTarget | FaultMadeFor.

Fixpoint first_itself (i : nat) (cs : list (claim * claim_hints)) : option nat :=
  match cs with [] => None | (c, _) :: t => if about_itself c then Some i else first_itself (S i) t end.

Definition examine (c : certificate) : option fault :=
  let p := precision c in
  if negb (Z.leb 64 p && Z.leb p 2048) then Some FaultPrecision else
  match hold_all (held_as c) (components c) with
  | None => Some FaultRounding
  | Some hs =>
      match expand_all (step_output c) hs with
      | None => Some FaultExpansion
      | Some ls =>
          match prove_ground p ls (branches c) with
          | None => Some FaultBranches
          | Some g =>
              match (if step_output c then first_itself 0 (claims c) else None) with
              | Some i => Some (FaultOutput i)
              | None =>
                  let expanded := existsb (fun x => about_expanded (fst x)) (claims c) in
                  let q := if expanded then expand_composite ls else None in
                  let l := if step_output c then None else parts_made hs in
                  match expanded, q with
                  | true, None => Some FaultExpansion
                  | _, _ =>
                      match check_claims p {| sides := g; itself := q; in_parts := l |} [] (claims c) with
                      | Some i => Some (FaultClaim i)
                      | None =>
                          if prove_target (map fst (claims c)) (goal c) then
                            if as_made (made_for c) (target_function (goal c)) then None else Some FaultMadeFor
                          else Some FaultTarget
                      end
                  end
              end
          end
      end
  end.

Definition check (c : certificate) : bool := match examine c with None => true | Some _ => false end.

(** What the certificate states; Statement.v says what that means. *)
Definition statement (c : certificate) : Prop :=
  certified (held_as c) (step_output c) (components c) (map fst (claims c)) (goal c).
