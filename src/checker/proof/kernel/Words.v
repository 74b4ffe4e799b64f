(** From machine words (BigZ) to Coq's integers, bit by bit: the library's own way multiplies by powers of 2^63, which
    takes longer than all that is computed in between. *)
From Coq Require Import ZArith List Bool Lia Uint63.
From Bignums Require Import BigZ.
Import DoubleType.
Open Scope Z_scope.

Local Notation B := (2 ^ 63).
Local Notation half := 4611686018427387904%uint63.

(** The first n bits of a word behind those of acc; and without leading zeros. *)
Fixpoint push (n : nat) (w : int) (acc : positive) : positive :=
  match n with O => acc | S n => push n (w << 1)%uint63 (if (w <? half)%uint63 then xO acc else xI acc) end.
Fixpoint lead (n : nat) (w : int) : Z :=
  match n with
  | O => 0
  | S n => if (w <? half)%uint63 then lead n (w << 1)%uint63 else Zpos (push n (w << 1)%uint63 xH)
  end.
(** acc 2^63 and the word, for acc >= 0; so for two halves of 2^d each. *)
Definition behind (w : int) (acc : Z) : Z :=
  match acc with Zpos a => Zpos (push 63 w a) | _ => if (w =? 0)%uint63 then 0 else lead 63 w end.
Definition twice {A} (d : Z) (f : A -> Z -> Z) (w : zn2z A) (acc : Z) : Z :=
  match w with W0 => match acc with 0 => 0 | _ => Z.shiftl acc (2 * d) end | WW h l => f l (f h acc) end.
Definition twice1 := twice 63 behind.
Definition twice2 := twice 126 twice1.
Definition twice3 := twice 252 twice2.
Definition of_bigN (n : bigN) : Z :=
  match n with
  | BigN.N0 w => behind w 0
  | BigN.N1 w => twice1 w 0
  | BigN.N2 w => twice2 w 0
  | BigN.N3 w => twice3 w 0
  | _ => BigN.to_Z n
  end.
Definition of_bigZ (x : BigZ.t_) : Z := match x with BigZ.Pos n => of_bigN n | BigZ.Neg n => - of_bigN n end.

Lemma first_bit : forall w, let x := to_Z w in let y := to_Z (w << 1)%uint63 in
  x = if (w <? half)%uint63 then y / 2 else 2 ^ 62 + y / 2.
Proof.
  intros w x y. pose proof (to_Z_bounded w) as Hw. fold x in Hw. change wB with B in Hw.
  assert (Y : y = (x * 2) mod B) by (unfold y; rewrite lsl_spec; reflexivity).
  destruct (ltbP w half) as [L|L]; fold x in L; change (to_Z half) with (2 ^ 62) in L; rewrite Y.
  - rewrite Z.mod_small by lia. symmetry. apply Z.div_mul. lia.
  - replace (x * 2) with ((x - 2 ^ 62) * 2 + 1 * B) by lia.
    rewrite Z.mod_add, Z.mod_small, Z.div_mul by lia. lia.
Qed.
Lemma next_bits : forall w, to_Z (w << 1)%uint63 = 2 * (to_Z (w << 1)%uint63 / 2).
Proof.
  intros w. rewrite lsl_spec. change (to_Z 1%uint63) with 1. change wB with B.
  replace (to_Z w * 2 ^ 1) with (2 * to_Z w) by lia. change B with (2 * 2 ^ 62).
  rewrite Z.mul_mod_distr_l by lia. rewrite (Z.mul_comm 2 (_ mod _)), Z.div_mul by lia. lia.
Qed.

(** The first n bits of a word as a number. *)
Local Notation top n w := (to_Z w * 2 ^ Z.of_nat n / B).
Lemma top_next : forall n w,
  top (S n) w = (if (w <? half)%uint63 then 0 else 2 ^ Z.of_nat n) + top n (w << 1)%uint63.
Proof.
  intros n w. pose proof (first_bit w) as H. cbv zeta in H. rewrite H, (next_bits w).
  rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia. set (k := to_Z (w << 1)%uint63 / 2). set (t := 2 ^ Z.of_nat n).
  rewrite (Z.mul_comm 2 k), Z.div_mul by lia.
  destruct (w <? half)%uint63.
  - rewrite Z.add_0_l. f_equal. ring.
  - replace ((2 ^ 62 + k) * (2 * t)) with (k * 2 * t + t * B) by lia. rewrite Z.div_add by lia. lia.
Qed.

Lemma push_is : forall n w acc, Zpos (push n w acc) = Zpos acc * 2 ^ Z.of_nat n + top n w.
Proof.
  induction n as [|n IH]; intros w acc.
  - cbn [push]. change (2 ^ Z.of_nat 0) with 1. pose proof (to_Z_bounded w) as H. change wB with B in H.
    rewrite Z.mul_1_r, Z.div_small by lia. lia.
  - cbn [push]. rewrite IH, top_next. rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia.
    generalize (top n (w << 1)%uint63). generalize (2 ^ Z.of_nat n). intros t u.
    destruct (w <? half)%uint63; [rewrite Pos2Z.inj_xO|rewrite Pos2Z.inj_xI]; ring.
Qed.
Lemma lead_is : forall n w, lead n w = top n w.
Proof.
  induction n as [|n IH]; intros w.
  - cbn [lead]. change (2 ^ Z.of_nat 0) with 1. pose proof (to_Z_bounded w) as H. change wB with B in H.
    rewrite Z.mul_1_r, Z.div_small by lia. reflexivity.
  - cbn [lead]. rewrite top_next. destruct (w <? half)%uint63; [rewrite IH; lia|].
    rewrite push_is. lia.
Qed.
Lemma top_all : forall w, top 63 w = to_Z w.
Proof. intros w. change (2 ^ Z.of_nat 63) with B. apply Z.div_mul. lia. Qed.

(** What a word, or a pair of pairs, does to what stands before it. *)
Definition puts {A} (size : Z) (value : A -> Z) (f : A -> Z -> Z) : Prop :=
  forall w acc, 0 <= acc -> f w acc = acc * size + value w /\ 0 <= value w.
Lemma behind_puts : puts B to_Z behind.
Proof.
  intros w acc H. split; [|apply to_Z_bounded]. unfold behind. destruct acc as [|a|a]; [| |lia].
  - destruct (eqbP w 0) as [E|_]; [rewrite E; reflexivity|]. rewrite lead_is, top_all. lia.
  - rewrite push_is, top_all. reflexivity.
Qed.
Lemma twice_puts : forall A d value (f : A -> Z -> Z), 0 <= d -> puts (2 ^ d) value f ->
  puts (2 ^ (2 * d)) (zn2z_to_Z (2 ^ d) value) (twice d f).
Proof.
  intros A d value f Hd H [|h l] acc Ha; unfold twice, zn2z_to_Z.
  - split; [|lia]. destruct acc; [reflexivity| |lia]. rewrite Z.shiftl_mul_pow2 by lia. ring.
  - destruct (H h acc Ha) as [E Vh]. assert (P : 0 <= 2 ^ d) by (apply Z.pow_nonneg; lia).
    assert (Hh : 0 <= acc * 2 ^ d + value h) by nia.
    destruct (H l _ Hh) as [F Vl]. rewrite E, F. split; [|nia].
    replace (2 * d) with (d + d) by ring. rewrite Z.pow_add_r by lia. ring.
Qed.

Lemma of_bigN_is : forall n, of_bigN n = BigN.to_Z n.
Proof.
  pose proof behind_puts as H0.
  pose proof (twice_puts _ 63 _ _ ltac:(lia) H0) as H1.
  pose proof (twice_puts _ 126 _ _ ltac:(lia) H1) as H2.
  pose proof (twice_puts _ 252 _ _ ltac:(lia) H2) as H3.
  intros [w|w|w|w|w|w|w|n w]; unfold of_bigN; try reflexivity.
  - destruct (H0 w 0 (Z.le_refl 0)) as [E _]. rewrite Z.mul_0_l in E. exact E.
  - destruct (H1 w 0 (Z.le_refl 0)) as [E _]. rewrite Z.mul_0_l in E. exact E.
  - destruct (H2 w 0 (Z.le_refl 0)) as [E _]. rewrite Z.mul_0_l in E. exact E.
  - destruct (H3 w 0 (Z.le_refl 0)) as [E _]. rewrite Z.mul_0_l in E. exact E.
Qed.
Theorem of_bigZ_is : forall x, of_bigZ x = BigZ.to_Z x.
Proof. intros [n|n]; simpl; rewrite of_bigN_is; reflexivity. Qed.
