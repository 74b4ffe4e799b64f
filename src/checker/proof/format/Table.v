(** Section 2.1 of the format: components in powers of y, exactly. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Polynomial.
Import ListNotations.
Open Scope R_scope.

(** ** Expansion *)
Definition Qd (x : Q) : Z := Zpos (Qden x).
Fixpoint lcm (l : list Q) : Z := match l with [] => 1%Z | x :: r => Z.lcm (Qd x) (lcm r) end.
(** x D, if it is whole. *)
Definition over (D : Z) (x : Q) : option Z :=
  let k := (D / Qd x)%Z in if Z.eqb (Qd x * k) D then Some (Qnum x * k)%Z else None.
Fixpoint overs (D : Z) (l : list Q) : option (list Z) :=
  match l with
  | [] => Some []
  | x :: r => match over D x, overs D r with Some a, Some b => Some (a :: b) | _, _ => None end
  end.
(** sum_j c_j T_(k+j), given T_k and T_(k+1). *)
Fixpoint cheb_powers (t t1 : list Z) (c : list Z) : list Z :=
  match c with
  | [] => []
  | a :: r => add (map (Z.mul a) t) (cheb_powers t1 (add (0%Z :: map (Z.mul 2) t1) (map (Z.mul (-1)) t)) r)
  end.

Definition expand (c : component) : option (list Z * Z) :=
  let D := lcm (coefficients c) in
  if Z.ltb 0 D then
    match overs D (coefficients c) with
    | None => None
    | Some n =>
        let l := if chebyshev c then cheb_powers [1%Z] [0; 1]%Z n else n in
        if Qeq_bool (scale c) 1 && Qeq_bool (offset c) 0 then Some (trim l, D) else
        let M := Z.lcm (Qd (scale c)) (Qd (offset c)) in
        match over M (scale c), over M (offset c) with
        | Some a, Some b =>
            if Z.ltb 0 M then Some (trim (hom b a M l), D * M ^ Z.of_nat (pred (length l)))%Z else None
        | _, _ => None
        end
    end
  else None.

Lemma over_ok : forall D x n, (0 < D)%Z -> over D x = Some n -> Q2R x = IZR n / IZR D.
Proof.
  intros D x n HD H. unfold over in H. set (k := (D / Qd x)%Z) in *.
  destruct (Z.eqb_spec (Qd x * k) D) as [E|]; [|discriminate]. injection H as H. subst n.
  unfold Q2R. fold (Qd x). assert (Hx : (0 < Qd x)%Z) by (unfold Qd; lia).
  rewrite <- E, !mult_IZR. assert (0 < k)%Z by nia.
  assert (IZR k <> 0) by (apply not_0_IZR; lia). assert (IZR (Qd x) <> 0) by (apply not_0_IZR; lia).
  field. split; assumption.
Qed.

Lemma series_power : forall D c n k u, (0 < D)%Z -> overs D c = Some n ->
  series false k c u = u ^ k * pe n u / IZR D.
Proof.
  intros D. induction c as [|x r IH]; intros n k u HD H; simpl in H.
  - injection H as H. subst. simpl. unfold Rdiv. ring.
  - destruct (over D x) as [a|] eqn:A; [|discriminate].
    destruct (overs D r) as [b|] eqn:B; [|discriminate]. injection H as H. subst.
    simpl. rewrite (IH b (S k) u HD eq_refl), (over_ok _ _ _ HD A). simpl. unfold Rdiv. ring.
Qed.

Lemma series_cheb : forall D c n k t t1 u, (0 < D)%Z -> overs D c = Some n ->
  TT k u = (pe t u, pe t1 u) ->
  series true k c u = pe (cheb_powers t t1 n) u / IZR D.
Proof.
  intros D. induction c as [|x r IH]; intros n k t t1 u HD H E; simpl in H.
  - injection H as H. subst. simpl. unfold Rdiv. ring.
  - destruct (over D x) as [a|] eqn:A; [|discriminate].
    destruct (overs D r) as [b|] eqn:B; [|discriminate]. injection H as H. subst.
    simpl series. cbn [cheb_powers]. rewrite pe_add, pe_scale, (over_ok _ _ _ HD A).
    rewrite (IH b (S k) t1 (add (0%Z :: map (Z.mul 2) t1) (map (Z.mul (-1)) t)) u HD eq_refl).
    + unfold phi. rewrite E. simpl. unfold Rdiv. ring.
    + cbn [TT]. rewrite E. f_equal. rewrite pe_add. cbn [pe]. rewrite !pe_scale. ring.
Qed.

Theorem expand_ok : forall c l d, expand c = Some (l, d) ->
  (0 < d)%Z /\ forall y, component_at c y = pe l y / IZR d.
Proof.
  intros c l d H. unfold expand in H. set (D := lcm (coefficients c)) in *.
  destruct (Z.ltb_spec 0 D) as [HD|]; [|discriminate].
  destruct (overs D (coefficients c)) as [n|] eqn:N; [|discriminate].
  set (m := if chebyshev c then cheb_powers [1%Z] [0; 1]%Z n else n) in *.
  assert (HD' : 0 < IZR D) by (apply IZR_lt; assumption).
  assert (E : forall u, series (chebyshev c) 0 (coefficients c) u = pe m u / IZR D).
  { intros u. unfold m. destruct (chebyshev c).
    - apply series_cheb with (1 := HD) (2 := N). simpl. f_equal; ring.
    - rewrite (series_power D _ n 0 u HD N). simpl. unfold Rdiv. ring. }
  destruct (Qeq_bool (scale c) 1 && Qeq_bool (offset c) 0) eqn:Triv.
  - injection H as H1 H2. subst. split; [assumption|]. intros y. unfold component_at. rewrite E, pe_trim.
    apply andb_prop in Triv as [T1 T2]. apply Qeq_bool_eq, Qeq_eqR in T1, T2. rewrite T1, T2.
    do 2 f_equal. unfold Q2R. simpl. field.
  - set (M := Z.lcm (Qd (scale c)) (Qd (offset c))) in *.
    destruct (over M (scale c)) as [a|] eqn:A; [|discriminate].
    destruct (over M (offset c)) as [b|] eqn:B; [|discriminate].
    destruct (Z.ltb_spec 0 M) as [HM|]; [|discriminate].
    injection H as H1 H2. subst.
    assert (HM' : 0 < IZR M) by (apply IZR_lt; assumption).
    split; [apply Z.mul_pos_pos; [assumption|apply Z.pow_pos_nonneg; lia]|].
    intros y. unfold component_at. rewrite E, pe_trim, (over_ok _ _ _ HM A), (over_ok _ _ _ HM B).
    replace (IZR a / IZR M * y + IZR b / IZR M) with ((IZR b + IZR a * y) / IZR M) by (field; lra).
    pose proof (pe_hom b a M m y HM) as Hh.
    rewrite mult_IZR, <- pow_IZR.
    destruct m as [|c0 m'].
    + simpl. unfold Rdiv. ring.
    + simpl length in *. simpl pred. simpl pow in Hh.
      assert (Hpow : 0 < IZR M ^ length m') by (apply pow_lt; assumption).
      set (V := pe (c0 :: m') ((IZR b + IZR a * y) / IZR M)) in *.
      set (W := pe (hom b a M (c0 :: m')) y) in *.
      assert (W = IZR M ^ length m' * V) by (apply Rmult_eq_reg_r with (IZR M); [rewrite Hh; ring|lra]).
      rewrite H. field. lra.
Qed.
