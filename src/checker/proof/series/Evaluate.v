(** Formulas and programs on models: one operation after another. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Formula core.Fixed core.Number series.Model series.Points series.OddSeries
  series.Elementary series.Root series.Integrals series.SinCos series.Gauss series.Arcs.
Import ListNotations.
Open Scope R_scope.

(** slack: how far an argument may seem to lie beyond the end of where a root is defined; n: the largest degree. *)
Definition sigmoid_on (p : Z) (n : nat) (a : model) : option model :=
  b <- mneg p a;; e <- mexp p n b;; one <- constant p 1;; s <- msum p one e;; minv p n s.
Definition tanh_on (p : Z) (n : nat) (a : model) : option model :=
  b <- mscale p 2 a;; e <- mexp p n b;; one <- constant p 1;; s <- msum p one e;; i <- minv p n s;;
  t <- mscale p (-2) i;; msum p one t.
Definition softplus_on (p : Z) (n : nat) (a : model) : option model :=
  e <- mexp p n a;; one <- constant p 1;; s <- msum p one e;; mlog p n s.
(** A constant with the guard bits, made coarser. *)
Definition pi_on (p : Z) : option model := i <- pi_of (p + guard);; enclosed p (coarser guard i).
(** a (1 + t)/2 *)
Definition half_gate (p : Z) (n : nat) (a t : model) : option model :=
  one <- constant p 1;; s <- msum p one t;; gate <- mscale p (1 # 2) s;; mmul p n a gate.
Definition gelu_on (p slack : Z) (n : nat) (a : model) : option model :=
  half <- constant p (1 # 2);; r <- mroot p slack n 2 half;; b <- mmul p n a r;; t <- merf p slack n b;; half_gate p n a t.
Definition gelu_tanh_on (p slack : Z) (n : nat) (a : model) : option model :=
  pi <- pi_on p;; i <- minv p n pi;; two <- mscale p 2 i;; r <- mroot p slack n 2 two;;
  cube <- mpow p n a 3;; part <- mscale p (44715 # 1000000) cube;; s <- msum p a part;; b <- mmul p n r s;;
  t <- tanh_on p n b;; half_gate p n a t.
(** pi/2 - asin a *)
Definition acos_on (p slack : Z) (n : nat) (a : model) : option model :=
  pi <- pi_on p;; quarter <- mscale p (1 # 2) pi;; b <- masin p slack n a;; msub p quarter b.
Definition call_on (p slack : Z) (n : nat) (f : name) (a : model) : option model :=
  match f with
  | Exp => mexp p n a
  | Log => mlog p n a
  | Sqrt => mroot p slack n 2 a
  | Sin => both <- msin_cos p n a;; Some (fst both)
  | Cos => both <- msin_cos p n a;; Some (snd both)
  | Atan => matan p n a
  | Asin => masin p slack n a
  | Acos => acos_on p slack n a
  | Erf => merf p slack n a
  | Tanh => tanh_on p n a
  | Sigmoid => sigmoid_on p n a
  | Softplus => softplus_on p n a
  | Gelu => gelu_on p slack n a
  | GeluTanh => gelu_tanh_on p slack n a
  | Silu => s <- sigmoid_on p n a;; mmul p n a s
  end.

Section Evaluate.
Variables (p slack : Z) (n : nat) (x y : model).
Fixpoint evaluate (bound : list model) (f : formula) : option model :=
  match f with
  | Number q => constant p q
  | Pi => pi_on p
  | X => Some x
  | Y => Some y
  | Bound i => nth_error bound i
  | Sum a b => a <- evaluate bound a;; b <- evaluate bound b;; msum p a b
  | Product (Number q) b => b <- evaluate bound b;; mscale p q b
  | Product a b => a <- evaluate bound a;; b <- evaluate bound b;; mmul p n a b
  | Quotient a b =>
      b <- evaluate bound b;; i <- minv p n b;;
      match a with Number q => mscale p q i | _ => a <- evaluate bound a;; mmul p n a i end
  | Power a k => a <- evaluate bound a;; mpow p n a k
  | Root m a => a <- evaluate bound a;; mroot p slack n m a
  | Call f a => a <- evaluate bound a;; call_on p slack n f a
  end.
(** Every step is evaluated once. *)
Fixpoint run (bound : list model) (l : list formula) : option (list model) :=
  match l with [] => Some bound | f :: t => m <- evaluate bound f;; run (bound ++ [m]) t end.
Definition outcome_on (g : program) : option model := bound <- run [] (steps g);; evaluate bound (result g).
End Evaluate.

(** ** Soundness *)
Lemma root_is : forall m u, 0 <= u -> root_of m u (root m u).
Proof.
  intros m u Hu. pose proof (Pos2Nat.is_pos m) as M. unfold root_of, root. destruct (Rlt_dec 0 u) as [L|L].
  - assert (B : 0 < Rpower u (/ INR (Pos.to_nat m))) by apply exp_pos. split; [lra|].
    rewrite <- Rpower_pow by exact B. rewrite Rpower_mult, Rinv_l by (apply not_0_INR; lia). apply Rpower_1, L.
  - split; [lra|]. rewrite pow_ne_zero by lia. lra.
Qed.
Lemma sqrt_is : forall u, 0 <= u -> root_of 2 u (sqrt u).
Proof. intros u Hu. split; [apply sqrt_pos|]. change (Pos.to_nat 2) with 2%nat. apply pow2_sqrt, Hu. Qed.

Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Notation P := (P p).
Notation within := (within p).
Let Hp0 : (0 <= p)%Z. Proof. lia. Qed.
Variables (slack : Z) (s : R).
Hypothesis Hs : IZR slack <= s * P.
Variables (n : nat) (x y : model) (v u w : R).
Hypothesis Hv : Rabs v <= 1.
Hypothesis Hx : within x v u.
Hypothesis Hy : within y v w.
Notation value := (value u w).
Notation defined := (defined u w).
Notation at_end := (at_end u w s).

Lemma sigmoid_on_ok : forall a m z, sigmoid_on p n a = Some m -> within a v z -> within m v (1 / (1 + exp (- z))).
Proof.
  intros a m z H Ha. unfold sigmoid_on in H. chain H.
  pose proof (mexp_ok p Hp _ _ _ _ _ Hv E0 (mneg_ok p _ _ _ _ E Ha)) as W.
  pose proof (constant_ok p Hp0 _ _ E1 v) as One. rewrite Q2R_1 in One.
  destruct (minv_ok p Hp _ _ _ _ _ Hv H (msum_ok p _ _ _ _ _ _ E2 One W)) as [_ I].
  unfold Rdiv. rewrite Rmult_1_l. exact I.
Qed.
Lemma tanh_on_ok : forall a m z, tanh_on p n a = Some m -> within a v z -> within m v (tangent z).
Proof.
  intros a m z H Ha. unfold tanh_on in H. unfold tangent. chain H.
  pose proof (mscale_ok p _ _ _ _ _ Hv E Ha) as W. replace (Q2R 2) with 2 in W by (unfold Q2R; simpl; field).
  pose proof (mexp_ok p Hp _ _ _ _ _ Hv E0 W) as W1.
  pose proof (constant_ok p Hp0 _ _ E1 v) as One. rewrite Q2R_1 in One.
  destruct (minv_ok p Hp _ _ _ _ _ Hv E3 (msum_ok p _ _ _ _ _ _ E2 One W1)) as [_ I].
  pose proof (mscale_ok p _ _ _ _ _ Hv E4 I) as W2. replace (Q2R (-2)) with (-2) in W2 by (unfold Q2R; simpl; field).
  pose proof (msum_ok p _ _ _ _ _ _ H One W2) as R.
  replace (1 - 2 / (1 + exp (2 * z))) with (1 + -2 * / (1 + exp (2 * z))) by (unfold Rdiv; ring). exact R.
Qed.

Lemma softplus_on_ok : forall a m z, softplus_on p n a = Some m -> within a v z -> within m v (ln (1 + exp z)).
Proof.
  intros a m z H Ha. unfold softplus_on in H. chain H. pose proof (mexp_ok p Hp _ _ _ _ _ Hv E Ha) as W.
  pose proof (constant_ok p Hp0 _ _ E0 v) as One. rewrite Q2R_1 in One.
  apply (mlog_ok p Hp _ _ _ _ _ Hv H (msum_ok p _ _ _ _ _ _ E1 One W)).
Qed.
Lemma pi_on_ok : forall m, pi_on p = Some m -> within m v PI.
Proof.
  intros m H. unfold pi_on in H. chain H. apply (enclosed_ok p _ _ H). apply coarser_ok; [exact Hp0|unfold guard; lia|].
  apply (pi_of_ok (p + guard)); [unfold guard; lia|exact E].
Qed.

Lemma half_gate_ok : forall a t m z y, half_gate p n a t = Some m -> within a v z -> within t v y -> within m v (z * (1 + y) / 2).
Proof.
  intros a t m z y' H Ha Ht. unfold half_gate in H. chain H. pose proof (constant_ok p Hp0 _ _ E v) as One. rewrite Q2R_1 in One.
  pose proof (mscale_ok p _ _ _ _ _ Hv E1 (msum_ok p _ _ _ _ _ _ E0 One Ht)) as G. rewrite Q2R_half in G.
  replace (z * (1 + y') / 2) with (z * (/ 2 * (1 + y'))) by field. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv H Ha G).
Qed.
Lemma gelu_on_ok : forall a m z, gelu_on p slack n a = Some m -> within a v z -> within m v (z * (1 + erf (z / sqrt 2)) / 2).
Proof.
  intros a m z H Ha. unfold gelu_on in H. chain H. pose proof (constant_ok p Hp0 _ _ E v) as Hh. rewrite Q2R_half in Hh.
  destruct (mroot_ok p Hp0 2 _ _ _ _ _ _ Hv E0 Hh) as [_ R]. specialize (R _ (sqrt_is (/ 2) ltac:(lra))).
  apply (half_gate_ok a m3 m); [exact H|exact Ha|]. apply (merf_ok p Hp _ _ _ _ _ _ Hv E2).
  replace (z / sqrt 2) with (z * sqrt (/ 2)) by (rewrite sqrt_inv; reflexivity).
  apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv E1 Ha R).
Qed.
Lemma gelu_tanh_on_ok : forall a m z, gelu_tanh_on p slack n a = Some m -> within a v z ->
  within m v (z * (1 + tangent (sqrt (2 / PI) * (z + 44715 / 1000000 * z ^ 3))) / 2).
Proof.
  intros a m z H Ha. unfold gelu_tanh_on in H. chain H. pose proof PI_RGT_0 as Pi0.
  destruct (minv_ok p Hp _ _ _ _ _ Hv E0 (pi_on_ok _ E)) as [_ I].
  pose proof (mscale_ok p _ _ _ _ _ Hv E1 I) as T. replace (Q2R 2) with 2 in T by (unfold Q2R; simpl; field).
  destruct (mroot_ok p Hp0 2 _ _ _ _ _ _ Hv E2 T) as [_ R].
  specialize (R _ (sqrt_is (2 * / PI) ltac:(apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat, Pi0]))).
  pose proof (mscale_ok p _ _ _ _ _ Hv E4 (mpow_ok p Hp0 _ _ _ _ _ _ Hv E3 Ha)) as C.
  change (Pos.to_nat 3) with 3%nat in C. replace (Q2R (44715 # 1000000)) with (44715 / 1000000) in C by (unfold Q2R; simpl; field).
  apply (half_gate_ok a m8 m); [exact H|exact Ha|]. apply (tanh_on_ok m7); [exact E7|].
  apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv E6 R). apply (msum_ok p _ _ _ _ _ _ E5 Ha C).
Qed.

Lemma from_units : forall z, - IZR slack <= z * P -> - s <= z.
Proof.
  intros z H. pose proof (P_pos p Hp0). apply Rmult_le_reg_r with P; [assumption|]. lra.
Qed.
Lemma beyond_one : forall z, -1 <= z <= 1 \/ - (P + IZR slack) <= z * P <= P + IZR slack ->
  -1 <= z <= 1 \/ (- 1 - s <= z < -1 \/ 1 < z <= 1 + s).
Proof.
  intros z [D|[D1 D2]]; [left; exact D|]. pose proof (P_pos p Hp0) as HP.
  assert (L : - 1 - s <= z) by (apply Rmult_le_reg_r with P; [exact HP|lra]).
  assert (U : z <= 1 + s) by (apply Rmult_le_reg_r with P; [exact HP|lra]).
  destruct (Rlt_dec z (-1)); [right; left; lra|]. destruct (Rlt_dec 1 z); [right; right; lra|left; lra].
Qed.
Lemma call_on_ok : forall f a m z, call_on p slack n f a = Some m -> within a v z ->
  (takes f z -> within m v (called f z)) /\ (takes f z \/ just_beyond s f z).
Proof.
  intros f a m z H Ha. destruct f; cbn [call_on takes called just_beyond] in *.
  - split; [intros _; apply (mexp_ok p Hp _ _ _ _ _ Hv H Ha)|auto].
  - destruct (mlog_ok p Hp _ _ _ _ _ Hv H Ha) as [Z W]. auto.
  - destruct (mroot_ok p Hp0 2 _ _ _ _ _ _ Hv H Ha) as [D W]. split; [intros Z; apply W, sqrt_is, Z|].
    destruct (Rle_dec 0 z) as [L|L]; [left; exact L|]. right. split; [|lra]. destruct D as [D|D]; [lra|apply from_units, D].
  - chain H. destruct p0 as [ms mc]. injection H as <-. split; [intros _; apply (msin_cos_ok p Hp _ _ _ _ _ _ Hv E Ha)|auto].
  - chain H. destruct p0 as [ms mc]. injection H as <-. split; [intros _; apply (msin_cos_ok p Hp _ _ _ _ _ _ Hv E Ha)|auto].
  - split; [intros _; apply (matan_ok p Hp _ _ _ _ _ Hv H Ha)|auto].
  - destruct (masin_ok p Hp _ _ _ _ _ _ Hv H Ha) as [D W]. split; [exact W|apply beyond_one, D].
  - unfold acos_on in H. chain H. destruct (masin_ok p Hp _ _ _ _ _ _ Hv E1 Ha) as [D W]. split; [|apply beyond_one, D].
    intros B. rewrite acos_asin by exact B. apply (msub_ok p _ _ _ _ _ _ H); [|apply W, B].
    pose proof (mscale_ok p _ _ _ _ _ Hv E0 (pi_on_ok _ E)) as Q. rewrite Q2R_half in Q.
    replace (PI / 2) with (/ 2 * PI) by field. exact Q.
  - split; [intros _; apply (merf_ok p Hp _ _ _ _ _ _ Hv H Ha)|auto].
  - split; [intros _; apply (tanh_on_ok a); assumption|auto].
  - split; [intros _; apply (sigmoid_on_ok a); assumption|auto].
  - split; [intros _; apply (softplus_on_ok a); assumption|auto].
  - split; [intros _; apply (gelu_on_ok a); assumption|auto].
  - split; [intros _; apply (gelu_tanh_on_ok a); assumption|auto].
  - chain H. split; [intros _|auto]. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv H Ha). apply (sigmoid_on_ok a); assumption.
Qed.

Definition holds (bound : list model) (values : list R) : Prop := Forall2 (fun m z => within m v z) bound values.
(** f has a model: its value is in it, if it has one; and it has one, but perhaps at the end of a root. *)
Definition modelled (m : model) (values : list R) (f : formula) : Prop :=
  (defined values f -> within m v (value values f)) /\ (defined values f \/ at_end values f).

Lemma holds_nth : forall bound values, holds bound values -> forall i m, nth_error bound i = Some m ->
  (i < length values)%nat /\ within m v (nth i values 0).
Proof.
  intros bound values H. induction H as [|b z bound values Hb _ IH]; intros [|i] m E; try discriminate; simpl in E.
  - injection E as <-. split; [simpl; lia|exact Hb].
  - destruct (IH i m E) as [L W]. split; [simpl; lia|exact W].
Qed.

Lemma modelled_product : forall values a b ma mb m, modelled ma values a -> modelled mb values b ->
  mmul p n ma mb = Some m -> modelled m values (Product a b).
Proof.
  intros values a b ma mb m [A1 A2] [B1 B2] H. split; cbn [Formula.defined Formula.at_end Formula.value]; [|tauto].
  intros [D1 D2]. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv H); auto.
Qed.
Lemma modelled_quotient : forall values a b mb i, modelled mb values b -> minv p n mb = Some i ->
  (defined values b -> value values b <> 0) /\
  forall m, (defined values a -> within i v (/ value values b) -> within m v (value values a * / value values b)) ->
    defined values a \/ at_end values a -> modelled m values (Quotient a b).
Proof.
  intros values a b mb i [B1 B2] H.
  assert (N : defined values b -> value values b <> 0 /\ within i v (/ value values b))
    by (intros D; apply (minv_ok p Hp _ _ _ _ _ Hv H), B1, D).
  split; [intros D; apply N, D|]. intros m K A. split; cbn [Formula.defined Formula.at_end Formula.value].
  - intros [D1 [D2 _]]. unfold Rdiv. apply K; [exact D1|apply N, D2].
  - destruct A as [A|A]; [|auto]. destruct B2 as [B|B]; [|auto]. left. split; [exact A|]. split; [exact B|apply N, B].
Qed.

Theorem evaluate_ok : forall bound values, holds bound values -> forall f m, evaluate p slack n x y bound f = Some m ->
  modelled m values f.
Proof.
  intros bound values HB. induction f as [q| | | |i|a IHa b IHb|a IHa b IHb|a IHa b IHb|a IHa k|k a IHa|f a IHa]; intros m H.
  - split; [intros _; apply (constant_ok p Hp0), H|left; exact I].
  - split; [intros _; apply pi_on_ok, H|left; exact I].
  - injection H as <-. split; [intros _; exact Hx|left; exact I].
  - injection H as <-. split; [intros _; exact Hy|left; exact I].
  - destruct (holds_nth _ _ HB _ _ H) as [L W]. split; [intros _; exact W|left; exact L].
  - cbn [evaluate] in H. chain H. destruct (IHa _ eq_refl) as [A1 A2], (IHb _ eq_refl) as [B1 B2].
    split; cbn [Formula.defined Formula.at_end Formula.value]; [|tauto].
    intros [D1 D2]. apply (msum_ok p _ _ _ _ _ _ H); auto.
  - assert (G : (exists q mb, a = Number q /\ evaluate p slack n x y bound b = Some mb /\ mscale p q mb = Some m)
      \/ (exists ma mb, evaluate p slack n x y bound a = Some ma /\ evaluate p slack n x y bound b = Some mb /\ mmul p n ma mb = Some m)).
    { destruct a; cbn [evaluate] in *; chain H; [left; eauto 10|right; eauto 10..]. }
    destruct G as [[q [mb [-> [Eb E]]]]|[ma [mb [Ea [Eb E]]]]].
    + destruct (IHb _ Eb) as [B1 B2]. split; cbn [Formula.defined Formula.at_end Formula.value]; [|tauto].
      intros [_ D2]. apply (mscale_ok p _ _ _ _ _ Hv E); auto.
    + apply (modelled_product _ _ _ ma mb); auto.
  - cbn [evaluate] in H. chain H. destruct (modelled_quotient values a b _ _ (IHb _ eq_refl) E0) as [_ Q].
    assert (G : (exists q, a = Number q /\ mscale p q m1 = Some m)
      \/ (exists ma, evaluate p slack n x y bound a = Some ma /\ mmul p n ma m1 = Some m)).
    { destruct a; cbn [evaluate] in *; try chain H; [left; eauto 10|right; eauto 10..]. }
    destruct G as [[q [-> Em]]|[ma [Ea Em]]]; apply Q.
    + intros _ W. apply (mscale_ok p _ _ _ _ _ Hv Em), W.
    + left. exact I.
    + intros D W. apply (mmul_ok p Hp0 _ _ _ _ _ _ _ Hv Em); [apply (IHa _ Ea), D|exact W].
    + apply (IHa _ Ea).
  - cbn [evaluate] in H. chain H. destruct (IHa _ eq_refl) as [A1 A2].
    split; cbn [Formula.defined Formula.at_end Formula.value]; [|exact A2]. intros D. apply (mpow_ok p Hp0 _ _ _ _ _ _ Hv H); auto.
  - cbn [evaluate] in H. chain H. destruct (IHa _ eq_refl) as [A1 A2].
    split; cbn [Formula.defined Formula.at_end Formula.value].
    + intros [D Z]. apply (mroot_ok p Hp0 k _ _ _ _ _ _ Hv H (A1 D)), root_is, Z.
    + destruct A2 as [D|A2]; [|auto]. destruct (mroot_ok p Hp0 k _ _ _ _ _ _ Hv H (A1 D)) as [Z _].
      destruct (Rle_dec 0 (value values a)) as [L|L]; [left; auto|]. right. right. split; [exact D|]. split; [|lra].
      destruct Z as [Z|Z]; [lra|apply from_units, Z].
  - cbn [evaluate] in H. chain H. destruct (IHa _ eq_refl) as [A1 A2].
    split; cbn [Formula.defined Formula.value].
    + intros [D Z]. apply (call_on_ok f m0); auto.
    + destruct A2 as [D|A2]; [|right; left; exact A2].
      destruct (call_on_ok f m0 m _ H (A1 D)) as [_ [Z|Z]]; [left; auto|right; right; split; [exact D|exact Z]].
Qed.

Lemma run_ok : forall l bound values bound', holds bound values -> run p slack n x y bound l = Some bound' ->
  (steps_defined u w values l /\ holds bound' (bind u w values l)) \/ steps_at_end u w s values l.
Proof.
  induction l as [|f t IH]; intros bound values bound' HB H; cbn [run] in H.
  - injection H as <-. left. split; [exact I|exact HB].
  - chain H. destruct (evaluate_ok _ _ HB _ _ E) as [W [D|D]]; [|right; left; exact D].
    assert (HB' : holds (bound ++ [m]) (values ++ [value values f])).
    { apply Forall2_app; [exact HB|]. constructor; [apply W, D|constructor]. }
    destruct (IH _ _ _ HB' H) as [[S1 S2]|S]; [left; split; [split; assumption|exact S2]|right; right; split; assumption].
Qed.
Theorem outcome_on_ok : forall g m, outcome_on p slack n x y g = Some m ->
  (has_outcome u w g -> within m v (outcome u w g)) /\ (has_outcome u w g \/ outcome_at_end u w s g).
Proof.
  intros g m H. unfold outcome_on in H. chain H.
  assert (D0 : forall l bound values bound', holds bound values -> steps_defined u w values l -> run p slack n x y bound l = Some bound' ->
    holds bound' (bind u w values l)).
  { induction l0 as [|f t IH]; intros bound values bound' HB D R; cbn [run] in R; [injection R as <-; exact HB|].
    destruct (evaluate p slack n x y bound f) as [mf|] eqn:Ef; [|discriminate]. destruct D as [Df Dt]. apply (IH (bound ++ [mf])); [|exact Dt|exact R].
    apply Forall2_app; [exact HB|]. constructor; [apply (evaluate_ok _ _ HB _ _ Ef), Df|constructor]. }
  assert (H0 : holds [] []) by constructor.
  split.
  - intros [S D]. apply (evaluate_ok _ _ (D0 _ _ _ _ H0 S E) _ _ H), D.
  - destruct (run_ok _ _ _ _ H0 E) as [[S HB]|S]; [|right; left; exact S].
    destruct (evaluate_ok _ _ HB _ _ H) as [_ [D|D]]; [left; split; assumption|right; right; split; assumption].
Qed.
End Sound.

(** Nothing is beyond an end by at most 0. *)
Lemma no_end : forall x y f bound, ~ at_end x y 0 bound f.
Proof.
  intros x y. induction f as [q| | | |i|a IHa b IHb|a IHa b IHb|a IHa b IHb|a IHa k|k a IHa|f a IHa]; intros bound; cbn [at_end];
    try (specialize (IHa bound)); try (specialize (IHb bound)); try tauto.
  - intros [A|[_ A]]; [tauto|lra].
  - intros [A|[_ A]]; [tauto|]. destruct f; cbn [just_beyond] in A; lra.
Qed.
Lemma no_steps_end : forall x y l bound, ~ steps_at_end x y 0 bound l.
Proof. intros x y. induction l as [|f t IH]; intros bound A; [exact A|]. destruct A as [A|[_ A]]; [apply (no_end _ _ _ _ A)|apply (IH _ A)]. Qed.
