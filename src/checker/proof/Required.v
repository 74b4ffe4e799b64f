(** What a certificate is held to (`--require`): a bound of the error of a named function where it is wanted. A certificate
    that is accepted and is at least as strong proves it. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary Formula Statement core.Number Check Sound.
Import ListNotations.
Open Scope R_scope.

(** ** What is wanted *)
Inductive wanted :=
  | Named (f : function) | Clipped (lower upper : Q) | Greatest (inputs : nat) | Leader (inputs : nat) (lead : Q)
  | Smoothly (f : formula) (g : program) (relative : bool).
(** The error is at most so large on every interval: of x; of a and b for Max, and of all inputs of a tournament. *)
Record requirement := { about : wanted; most : Q; where_ : list (Q * Q) }.

Definition all_within (parts : list (Q * Q)) (xs : list R) : Prop :=
  exists from to, In (from, to) parts /\ Forall (between from to) xs.
Definition measured (relative : bool) : measure := if relative then Relative else Absolute.
(** For p as it is held. B is how the inputs are scaled, s how far beyond the end of a root an argument may lie. *)
Definition wanted_states (p : R -> R) (B s : R) (w : requirement) : Prop :=
  let at_most error := forall x, in_union (where_ w) x -> Rabs (error x) <= Q2R (most w) in
  match about w with
  | Named Sign => at_most (fun x => p (x / B) - sgn x)
  | Named Step => at_most (fun x => (1 + p (x / B)) / 2 - jump 0 x)
  | Named Relu => at_most (fun x => r_B p B x - ReLU x)
  | Named (LeakyRelu slope) => let a := Q2R slope in at_most (fun x => a * x + (1 - a) * r_B p B x - leaky a x)
  | Named Abs => at_most (fun x => x * p (x / B) - Rabs x)
  | Named Max => forall a b, all_within (where_ w) [a; b] -> Rabs (B * m p (a / B) (b / B) - Rmax a b) <= Q2R (most w)
  | Named Relu6 => at_most (fun x => r_B p B x - r_B p B (x - 6) - clip x 0 6)
  | Named (Direct f) => at_most (fun x => p x - shape_at f x)
  | Clipped lower upper => let l := Q2R lower in let u := Q2R upper in
      at_most (fun x => l + r_B p B (x - l) - r_B p B (x - u) - clip x l u)
  | Greatest n => forall xs M, length xs = n -> all_within (where_ w) xs -> maximum M xs -> Rabs (pooled p B xs - M) <= Q2R (most w)
  | Leader n lead => forall xs k j y, length xs = n -> all_within (where_ w) xs -> leads k (Q2R lead) xs ->
      nth_error (weights p B xs) j = Some y -> off k j y <= Q2R (most w)
  | Smoothly f g relative => forall x, in_union (where_ w) x -> let how := measured relative in
      (error_defined f g how x (p x) \/ error_at_end f g how x (p x) s)
      /\ (error_defined f g how x (p x) -> Rabs (smooth_error f g how x (p x)) <= Q2R (most w))
  | Named _ => False
  end.
(** Of the polynomial whose coefficients the certificate's are rounded to. *)
Definition scaling (t : target) (cited : claim) : Q :=
  match cited with Pool a => pool_scale a | Argmax a => argmax_scale a | Clip a => clip_scale a | _ => target_scale t end.
Definition slack_of (cited : claim) : Q := match cited with Series a => smooth_slack a | _ => 0 end.
Definition proves (c : certificate) (w : requirement) : Prop :=
  exists hs cited, Forall2 (held (held_as c)) (components c) hs /\ nth_error (map fst (claims c)) (target_cites (goal c)) = Some cited
    /\ wanted_states (composite (stages (step_output c) hs)) (Q2R (scaling (goal c) cited)) (Q2R (slack_of cited)) w.

(** ** Whether a target claim is as strong *)
Definition covers (proved wanted : list (Q * Q)) : bool :=
  forallb (fun w => existsb (fun v => Qle_bool (fst v) (fst w) && Qle_bool (snd w) (snd v)) proved) wanted.
Definition up_to (x : Q) : list (Q * Q) := [(- x, x)%Q].
(** Intervals that touch are one. *)
Fixpoint joined (l : list (Q * Q)) : list (Q * Q) :=
  match l with
  | [] => []
  | (a, b) :: t => match joined t with
      | (c, d) :: u => if Qeq_bool b c then (a, d) :: u else (a, b) :: (c, d) :: u
      | [] => [(a, b)]
      end
  end.
Definition ends_of (parts : list part) : list (Q * Q) := map (fun a => (part_from a, part_to a)) parts.
Definition same_shape (f g : shape) : bool :=
  match f, g with
  | SignShape, SignShape | StepShape, StepShape | BitShape, BitShape | ReluShape, ReluShape | AbsShape, AbsShape
  | Relu6Shape, Relu6Shape => true
  | LeakyReluShape a, LeakyReluShape b => Qeq_bool a b
  | ClipShape a b, ClipShape c d => Qeq_bool a c && Qeq_bool b d
  | _, _ => false
  end.
Definition name_eq (f g : name) : {f = g} + {f <> g}. Proof. decide equality. Defined.
(** As they are written: other forms of the same number are others. *)
Fixpoint same_formula (f g : formula) : bool :=
  match f, g with
  | Number a, Number b => Z.eqb (Qnum a) (Qnum b) && Pos.eqb (Qden a) (Qden b)
  | Pi, Pi | X, X | Y, Y => true
  | Bound i, Bound j => Nat.eqb i j
  | Sum a b, Sum c d | Product a b, Product c d | Quotient a b, Quotient c d => same_formula a c && same_formula b d
  | Power a k, Power b l | Root k a, Root l b => Pos.eqb k l && same_formula a b
  | Call h a, Call k b => (if name_eq h k then true else false) && same_formula a b
  | _, _ => false
  end.
Fixpoint same_steps (l k : list formula) : bool :=
  match l, k with [], [] => true | a :: t, b :: u => same_formula a b && same_steps t u | _, _ => false end.
Definition same_program (g h : program) : bool := same_steps (steps g) (steps h) && same_formula (result g) (result h).
Definition same_measure (relative : bool) (how : measure) : bool :=
  match how with Absolute => negb relative | Relative => relative | Weighted _ => false end.

Definition is_as_strong (t : target) (cited : claim) (w : requirement) : bool :=
  let B := target_scale t in
  Qle_bool (target_hi t) (most w)
  && match about w, target_function t, cited with
     | Named Sign, Sign, Closeness from to _ _ | Named Step, Step, Closeness from to _ _ =>
         Qle_bool 0 (B * from) && covers [(- (B * to), - (B * from)); (B * from, B * to)]%Q (where_ w)
     | Named Relu, Relu, Deviation to _ _ | Named Abs, Abs, Deviation to _ _ => covers (up_to (B * to)) (where_ w)
     | Named (LeakyRelu a), LeakyRelu b, Deviation to _ _ => Qeq_bool a b && covers (up_to (B * to)) (where_ w)
     | Named Max, Max, Deviation _ _ _ => covers [(0%Q, B)] (where_ w)
     | Named Relu6, Relu6, Clip a => covers [(clip_from a, clip_to a)] (where_ w)
     | Clipped l u, ClipByRelus, Clip a =>
         Qeq_bool l (clip_lower a) && Qeq_bool u (clip_upper a) && covers [(clip_from a, clip_to a)] (where_ w)
     | Greatest n, MaxPool, Pool a => Nat.eqb n (pool_inputs a) && covers (up_to (pool_range a)) (where_ w)
     | Leader n lead, OneHot, Argmax a =>
         Nat.eqb n (argmax_inputs a) && Qle_bool (argmax_gap a) lead && covers (up_to (argmax_range a)) (where_ w)
     | Named (Direct f), Direct g, Lines parts _ _ => same_shape f g && covers (joined (ends_of parts)) (where_ w)
     | Smoothly f g relative, Smooth, Series a =>
         same_formula f (smooth_function a) && same_program g (smooth_value a) && same_measure relative (smooth_measure a)
         && covers (joined (smooth_parts a)) (where_ w)
     | _, _, _ => false
     end.
Definition required (c : certificate) (w : requirement) : bool :=
  match nth_error (map fst (claims c)) (target_cites (goal c)) with
  | Some cited => is_as_strong (goal c) cited w
  | None => false
  end.

(** ** Soundness *)
Lemma covers_ok : forall proved wanted, covers proved wanted = true -> forall from to, In (from, to) wanted ->
  exists a b, In (a, b) proved /\ forall x, between from to x -> between a b x.
Proof.
  intros proved wanted H from to I. unfold covers in H. rewrite forallb_forall in H. specialize (H _ I).
  apply existsb_exists in H as [[a b] [J H]]. cbn [fst snd] in H. exists a, b. split; [exact J|]. intros x [L U]. reals.
  unfold between. lra.
Qed.
Lemma covers_union : forall proved wanted, covers proved wanted = true -> forall x, in_union wanted x -> in_union proved x.
Proof. intros proved wanted H x [from [to [I X]]]. destruct (covers_ok _ _ H _ _ I) as [a [b [J K]]]. exists a, b. auto. Qed.
Lemma up_to_ok : forall B x, in_union (up_to B) x -> Rabs x <= Q2R B.
Proof. intros B x [from [to [[E|[]] [L U]]]]. injection E as <- <-. reals. apply Rabs_le. lra. Qed.
Lemma joined_ok : forall l x, in_union (joined l) x -> in_union l x.
Proof.
  induction l as [|[a b] t IH]; intros x H; [exact H|]. cbn [joined] in H.
  assert (T : forall y, in_union (joined t) y -> in_union ((a, b) :: t) y).
  { intros y Hy. destruct (IH y Hy) as [f [g [I X]]]. exists f, g. split; [right; exact I|exact X]. }
  destruct (joined t) as [|[c d] u] eqn:J; [destruct H as [f [g [[E|[]] X]]]; exists f, g; split; [left; exact E|exact X]|].
  destruct (Qeq_bool b c) eqn:E.
  - destruct H as [f [g [[I|I] [L U]]]].
    + injection I as <- <-. apply Qeq_ok in E. destruct (Rle_dec x (Q2R b)) as [V|V].
      * exists a, b. split; [left; reflexivity|split; assumption].
      * apply T. exists c, d. split; [left; reflexivity|]. unfold between. lra.
    + apply T. exists f, g. split; [right; exact I|split; assumption].
  - destruct H as [f [g [[I|I] X]]]; [exists f, g; split; [left; exact I|exact X]|]. apply T. exists f, g. split; assumption.
Qed.
Lemma one_interval : forall a b x, in_union [(a, b)] x -> between a b x.
Proof. intros a b x [f [g [[E|[]] X]]]. injection E as <- <-. exact X. Qed.
Lemma all_up_to : forall B parts xs, covers (up_to B) parts = true -> all_within parts xs -> Forall (fun x => Rabs x <= Q2R B) xs.
Proof.
  intros B parts xs H [from [to [I F]]]. destruct (covers_ok _ _ H _ _ I) as [a [b [J K]]].
  apply Forall_forall. intros x Hx. rewrite Forall_forall in F. apply up_to_ok. exists a, b. auto.
Qed.
Lemma same_shape_ok : forall f g, same_shape f g = true -> forall x, shape_at f x = shape_at g x.
Proof.
  intros f g H x. destruct f, g; try discriminate; try reflexivity; cbn [same_shape shape_at] in *; reals; congruence.
Qed.
Lemma same_formula_ok : forall f g, same_formula f g = true -> f = g.
Proof.
  induction f; destruct g; cbn [same_formula]; intros H; try discriminate; try reflexivity;
    repeat match goal with
    | H : _ && _ = true |- _ => apply andb_prop in H as [? ?]
    | H : Pos.eqb _ _ = true |- _ => apply Pos.eqb_eq in H; subst
    | H : Nat.eqb _ _ = true |- _ => apply Nat.eqb_eq in H; subst
    | H : Z.eqb _ _ = true |- _ => apply Z.eqb_eq in H
    end; try (f_equal; auto; fail).
  - f_equal. destruct q as [a b], q0 as [c d]. simpl in *. subst. reflexivity.
  - destruct (name_eq f f1); [subst; f_equal; auto|discriminate].
Qed.
Lemma same_program_ok : forall g h, same_program g h = true -> g = h.
Proof.
  intros [l f] [k g] H. unfold same_program in H. cbn [steps result] in H. apply andb_prop in H as [H F].
  apply same_formula_ok in F. subst g. f_equal. revert k H. induction l as [|a t IH]; intros [|b u] H; try discriminate; [reflexivity|].
  cbn [same_steps] in H. apply andb_prop in H as [A T]. apply same_formula_ok in A. subst b. f_equal. apply IH, T.
Qed.

Lemma is_as_strong_ok : forall fs t cited w, states fs cited -> target_states (composite fs) cited t ->
  is_as_strong t cited w = true -> wanted_states (composite fs) (Q2R (scaling t cited)) (Q2R (slack_of cited)) w.
Proof.
  intros fs t cited w St [H _] S. unfold is_as_strong in S. cbv zeta in S. apply andb_prop in S as [M S]. apply Qle_ok in M.
  unfold wanted_states, scaling, slack_of. destruct w as [q most parts]. cbn [about Required.most where_] in *. cbv zeta.
  assert (K : forall e, error_of (composite fs) (target_function t) (Q2R (target_scale t)) cited e -> e <= Q2R most)
    by (intros e E; apply H in E; lra). clear H M. unfold error_of in K.
  assert (Touch : forall from to x, Qle_bool 0 (target_scale t * from) = true ->
    covers [(- (target_scale t * to), - (target_scale t * from)); (target_scale t * from, target_scale t * to)]%Q parts = true ->
    in_union parts x -> Q2R (target_scale t) * Q2R from <= Rabs x <= Q2R (target_scale t) * Q2R to).
  { intros from to x P C X. apply (covers_union _ _ C) in X as [f [g [I [L U]]]]. reals.
    destruct I as [E|[E|[]]]; injection E as <- <-; reals; unfold Rabs; destruct (Rcase_abs x); lra. }
  assert (Near : forall to x, covers (up_to (target_scale t * to)) parts = true -> in_union parts x ->
    Rabs x <= Q2R (target_scale t) * Q2R to).
  { intros to x C X. apply (covers_union _ _ C), up_to_ok in X. reals. exact X. }
  destruct q as [f|l u|n|n lead|f g rel].
  - destruct f, (target_function t), cited; try discriminate S; cbv zeta in *; clear St.
    + apply andb_prop in S as [P C]. intros x X. apply K. exists x. split; [apply (Touch _ _ _ P C X)|reflexivity].
    + apply andb_prop in S as [P C]. intros x X. apply K. exists x. split; [apply (Touch _ _ _ P C X)|reflexivity].
    + intros x X. apply K. exists x. split; [apply (Near _ _ S X)|reflexivity].
    + apply andb_prop in S as [E C]. apply Qeq_ok in E. rewrite E. intros x X. apply K. exists x. split; [apply (Near _ _ C X)|reflexivity].
    + intros x X. apply K. exists x. split; [apply (Near _ _ S X)|reflexivity].
    + intros a b [f1 [f2 [I F]]]. destruct (covers_ok _ _ S _ _ I) as [c [d [[E|[]] Q]]]. injection E as <- <-.
      inversion_clear F as [|? ? A F']. inversion_clear F' as [|? ? B0 _]. apply Q in A, B0. destruct A, B0. reals.
      apply K. exists a, b. repeat split; assumption.
    + intros x X. apply K. exists x. split; [apply one_interval, (covers_union _ _ S), X|reflexivity].
    + apply andb_prop in S as [E C]. intros x X. apply (covers_union _ _ C), joined_ok in X as [f1 [f2 [I X]]].
      unfold ends_of in I. apply in_map_iff in I as [a [J I]]. injection J as <- <-.
      apply K. exists a, x. split; [exact I|]. split; [exact X|]. rewrite (same_shape_ok _ _ E). reflexivity.
  - destruct (target_function t), cited as [| | | | | | |a| | |]; try discriminate S. apply andb_prop in S as [S C]. apply andb_prop in S as [L U].
    apply Qeq_ok in L, U. rewrite L, U. intros x X. apply K. exists x. split; [apply one_interval, (covers_union _ _ C), X|reflexivity].
  - destruct (target_function t), cited as [| | | | |a| | | | |]; try discriminate S. apply andb_prop in S as [N C]. apply Nat.eqb_eq in N.
    intros xs M Len X Mx. apply K. exists xs. split; [split; [lia|apply (all_up_to _ _ _ C X)]|]. exists M. auto.
  - destruct (target_function t), cited as [| | | | | |a| | | |]; try discriminate S. apply andb_prop in S as [S C]. apply andb_prop in S as [N G].
    apply Nat.eqb_eq in N. apply Qle_ok in G. intros xs k j y Len X [x [Kx Lx]] Y. apply K. exists xs.
    split; [split; [lia|apply (all_up_to _ _ _ C X)]|]. exists k, j, y. split; [|auto]. exists x. split; [exact Kx|].
    intros i z Hz Ne. specialize (Lx i z Hz Ne). lra.
  - destruct (target_function t), cited as [| | | | | | | | | |a]; try discriminate S. apply andb_prop in S as [S C].
    apply andb_prop in S as [S R]. apply andb_prop in S as [F G]. apply same_formula_ok in F. apply same_program_ok in G. subst f g.
    assert (Mr : measured rel = smooth_measure a) by (destruct (smooth_measure a), rel; try discriminate; reflexivity).
    rewrite Mr. intros x X. apply (covers_union _ _ C), joined_ok in X. destruct St as [St _]. destruct (St x X) as [D _].
    split; [exact D|]. intros E. apply K. exists x. auto.
Qed.

(** A certificate that is accepted, and is as strong as what is wanted, proves it. *)
Theorem required_ok : forall c w, check c = true -> required c w = true -> proves c w.
Proof.
  intros c w H R. destruct (check_ok c H) as [hs [Hh [A [cited [N T]]]]]. unfold required in R. rewrite N in R.
  exists hs, cited. split; [exact Hh|]. split; [exact N|]. apply is_as_strong_ok; [|exact T|exact R].
  rewrite Forall_forall in A. apply A. apply nth_error_In with (1 := N).
Qed.
