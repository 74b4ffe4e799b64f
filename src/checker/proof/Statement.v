(** What a certificate states: the claims of section 4 of certificates/FORMAT.md as sentences about real numbers.

    Nothing is computed and nothing is proved here: this is the file to hold against the format, with Vocabulary.v,
    which says what p, r, m, tournaments, weights and rounded coefficients are, and Formula.v. *)
Require Import ZArith QArith Qreals Reals List.
From Polycert Require Import Vocabulary Formula.
Import ListNotations.
Open Scope R_scope.

(** ** Claims, without their hints *)
Record witness := { at_x : Q; at_least : Q }.
Record pool := { pool_cites : nat; pool_inputs : nat; pool_range : Q; pool_scale : Q; pool_hi : Q;
  pool_at : list Q; pool_lo : Q }.
Record argmax := { argmax_deviation : nat; argmax_closeness : nat; argmax_ranges : nat; argmax_inputs : nat;
  argmax_range : Q; argmax_scale : Q; argmax_gap : Q; argmax_hi : Q; argmax_at : list Q; argmax_lo : Q }.
Record clip_by_relus := { clip_cites : nat; clip_scale : Q; clip_lower : Q; clip_upper : Q; clip_from : Q;
  clip_to : Q; clip_hi : Q; clip_witness : witness }.
(** A line on an interval. *)
Record part := { part_from : Q; part_to : Q; part_slope : Q; part_intercept : Q }.
(** A value g of x and p(x) that stands for a function f, on a union of intervals; how far beyond the end of where a root
    is defined an argument may be. *)
Record smooth := { smooth_function : formula; smooth_value : program; smooth_measure : measure;
  smooth_parts : list (Q * Q); smooth_slack : Q; smooth_hi : Q; smooth_witness : witness }.
Inductive claim :=
  | StageRanges (from to : Q) (ranges : list (Q * Q))
  | Closeness (from to hi : Q) (w : witness)
  | Deviation (to hi : Q) (w : witness)
  | Derivative (to hi : Q) (w : witness)
  | Magnitude (to hi : Q) (w : witness) (escape : option witness)
  | Pool (a : pool)
  | Argmax (a : argmax)
  | Clip (a : clip_by_relus)
  | Lines (parts : list part) (hi : Q) (w : witness)
  | Contraction (at_ radius : Q) (order : nat) (hi : Q)
  | Series (a : smooth).

(** The error is at most hi on the domain; the witness lies in it, with an error of at least its lo. *)
Definition bounded (domain : R -> Prop) (error : R -> R) (hi : Q) (w : witness) : Prop :=
  (forall x, domain x -> Rabs (error x) <= Q2R hi)
  /\ domain (Q2R (at_x w)) /\ Q2R (at_least w) <= Rabs (error (Q2R (at_x w))).
Definition within (to : Q) (x : R) : Prop := Rabs x <= Q2R to.
Definition between (from to : Q) (x : R) : Prop := Q2R from <= x <= Q2R to.
Definition on_part (a : part) (x : R) : Prop := between (part_from a) (part_to a) x.
Definition line (a : part) (x : R) : R := Q2R (part_slope a) * x + Q2R (part_intercept a).
Definition clip_error (p : R -> R) (a : clip_by_relus) (x : R) : R :=
  let B := Q2R (clip_scale a) in let l := Q2R (clip_lower a) in let u := Q2R (clip_upper a) in
  l + r_B p B (x - l) - r_B p B (x - u) - clip x l u.
(** e is an error of the tournament, or a distance of a weight from the exact one-hot. *)
Definition pool_error (p : R -> R) (a : pool) (xs : list R) (e : R) : Prop :=
  inputs_in (pool_inputs a) (Q2R (pool_range a)) xs /\
  exists M, maximum M xs /\ e = Rabs (pooled p (Q2R (pool_scale a)) xs - M).
Definition argmax_error (p : R -> R) (a : argmax) (xs : list R) (e : R) : Prop :=
  inputs_in (argmax_inputs a) (Q2R (argmax_range a)) xs /\
  exists k j w, leads k (Q2R (argmax_gap a)) xs /\
    nth_error (weights p (Q2R (argmax_scale a)) xs) j = Some w /\ e = off k j w.
Definition in_union (parts : list (Q * Q)) (x : R) : Prop :=
  exists from to, In (from, to) parts /\ between from to x.
Definition error_at (p : R -> R) (a : smooth) (x : R) : R :=
  smooth_error (smooth_function a) (smooth_value a) (smooth_measure a) x (p x).
Definition exists_at (p : R -> R) (a : smooth) (x : R) : Prop :=
  error_defined (smooth_function a) (smooth_value a) (smooth_measure a) x (p x).

Definition states (fs : list (R -> R)) (c : claim) : Prop :=
  let p := composite fs in
  match c with
  | StageRanges from to ranges => length ranges = length fs /\
      forall x s, between from to (Rabs x) -> sign_of s x ->
      forall i lo hi, nth_error ranges i = Some (lo, hi) -> between lo hi (s * composite (firstn (S i) fs) x)
  | Closeness from to hi w =>
      (forall x s, between from to (Rabs x) -> sign_of s x ->
         Rabs (p x - s) <= Q2R hi /\ Rabs (r p x - ReLU x) <= Q2R hi / 2 * Rabs x)
      /\ let x := Q2R (at_x w) in
         between from to (Rabs x) /\ x <> 0 /\ Q2R (at_least w) <= Rabs (p x - sgn x)
  | Deviation to hi w => bounded (within to) (fun x => r p x - ReLU x) hi w
  | Derivative to hi w => exists r', (forall x, derivable_pt_lim (r p) x (r' x))
      /\ bounded (within to) (fun x => r' x - / 2) hi w
  | Magnitude to hi w escape => bounded (within to) (r p) hi w
      /\ match escape with
         | None => True
         | Some v => let x := Q2R (at_x v) in
             Q2R to < Rabs x /\ Q2R hi < Rabs (r p x) /\ Q2R (at_least v) <= Rabs (r p x)
         end
  | Pool a => (forall xs e, pool_error p a xs e -> e <= Q2R (pool_hi a))
      /\ exists e, pool_error p a (map Q2R (pool_at a)) e /\ Q2R (pool_lo a) <= e
  | Argmax a => (forall xs e, argmax_error p a xs e -> e <= Q2R (argmax_hi a))
      /\ exists e, argmax_error p a (map Q2R (argmax_at a)) e /\ Q2R (argmax_lo a) <= e
  | Clip a => bounded (between (clip_from a) (clip_to a)) (clip_error p a) (clip_hi a) (clip_witness a)
  | Lines parts hi w =>
      (forall a x, In a parts -> on_part a x -> Rabs (p x - line a x) <= Q2R hi)
      /\ exists a, In a parts /\ let x := Q2R (at_x w) in
         on_part a x /\ Q2R (at_least w) <= Rabs (p x - line a x)
  | Contraction at_ radius order hi =>
      (forall x, Rabs (x - Q2R at_) <= Q2R radius -> Rabs (p x - Q2R at_) <= Q2R hi * Rabs (x - Q2R at_) ^ order)
      /\ Q2R hi * Q2R radius ^ (order - 1) < 1
  | Series a =>
      (forall x, in_union (smooth_parts a) x ->
         (exists_at p a x \/ error_at_end (smooth_function a) (smooth_value a) (smooth_measure a) x (p x) (Q2R (smooth_slack a)))
         /\ (exists_at p a x -> Rabs (error_at p a x) <= Q2R (smooth_hi a)))
      /\ let x := Q2R (at_x (smooth_witness a)) in
         in_union (smooth_parts a) x /\ exists_at p a x /\ Q2R (at_least (smooth_witness a)) <= Rabs (error_at p a x)
  end.

(** ** The target claim *)
Inductive function :=
  | Sign | Step | Relu | LeakyRelu (slope : Q) | Abs | Max | ClipByRelus | Relu6 | MaxPool | OneHot
  | Direct (f : shape) | Smooth.
Inductive verdict := Proved | Refuted | Undecided.
Record target := { target_function : function; target_cites : nat; target_scale : Q; target_lo : Q; target_hi : Q;
  target_claim : option (Q * verdict) }.

(** e is the error of the function at some place of its domain, which the cited claim gives. *)
Definition error_of (p : R -> R) (f : function) (B : R) (cited : claim) (e : R) : Prop :=
  match f, cited with
  | Sign, Closeness from to _ _ =>
      exists x, B * Q2R from <= Rabs x <= B * Q2R to /\ e = Rabs (p (x / B) - sgn x)
  | Step, Closeness from to _ _ =>
      exists x, B * Q2R from <= Rabs x <= B * Q2R to /\ e = Rabs ((1 + p (x / B)) / 2 - jump 0 x)
  | Relu, Deviation to _ _ => exists x, Rabs x <= B * Q2R to /\ e = Rabs (r_B p B x - ReLU x)
  | LeakyRelu slope, Deviation to _ _ => let a := Q2R slope in
      exists x, Rabs x <= B * Q2R to /\ e = Rabs (a * x + (1 - a) * r_B p B x - leaky a x)
  | Abs, Deviation to _ _ => exists x, Rabs x <= B * Q2R to /\ e = Rabs (x * p (x / B) - Rabs x)
  | Max, Deviation _ _ _ => exists a b, 0 <= a <= B /\ 0 <= b <= B /\ e = Rabs (B * m p (a / B) (b / B) - Rmax a b)
  | ClipByRelus, Clip a => exists x, between (clip_from a) (clip_to a) x /\ e = Rabs (clip_error p a x)
  | Relu6, Clip a => let B := Q2R (clip_scale a) in
      exists x, between (clip_from a) (clip_to a) x /\ e = Rabs (r_B p B x - r_B p B (x - 6) - clip x 0 6)
  | MaxPool, Pool a => exists xs, pool_error p a xs e
  | OneHot, Argmax a => exists xs, argmax_error p a xs e
  | Direct f, Lines parts _ _ => exists a x, In a parts /\ on_part a x /\ e = Rabs (p x - shape_at f x)
  | Smooth, Series a => exists x, in_union (smooth_parts a) x /\ exists_at p a x /\ e = Rabs (error_at p a x)
  | _, _ => False
  end.
Definition target_states (p : R -> R) (cited : claim) (t : target) : Prop :=
  let error := error_of p (target_function t) (Q2R (target_scale t)) cited in
  (forall e, error e -> e <= Q2R (target_hi t))
  /\ (exists e, error e /\ Q2R (target_lo t) <= e)
  /\ match target_claim t with
     | None => True
     | Some (bound, Proved) => forall e, error e -> e <= Q2R bound
     | Some (bound, Refuted) => exists e, error e /\ Q2R bound < e
     | Some (bound, Undecided) => Q2R (target_lo t) <= Q2R bound < Q2R (target_hi t)
     end.

(** The components hold rounded coefficients; what they compute has all these properties. *)
Definition certified (coefficients : mode) (step : bool) (cs : list component) (claims : list claim) (t : target) :=
  exists hs, Forall2 (held coefficients) cs hs /\ let fs := stages step hs in
    Forall (states fs) claims
    /\ exists cited, nth_error claims (target_cites t) = Some cited /\ target_states (composite fs) cited t.
