(** The checker for Coq's own evaluation on Coq's own integers alone: they are lists of bits, so products take nearly all
    the time, and a product takes one addition for three or more bits of a factor, not one for every bit that is 1.
    Beside the axioms of the reals, of which functional extensionality is one, it rests on nothing. *)
From Coq Require Import ZArith Lia FunctionalExtensionality.
From Polycert Require Import Check Sound core.Fixed core.Horner core.Bernstein core.Cells kernel.Opened.
Open Scope positive_scope.

(** x y, given y, 3 y, 5 y, 7 y: zeros of x are passed over, and where there is a 1 three bits are taken at once. *)
Fixpoint windows (y y3 y5 y7 x : positive) : positive :=
  match x with
  | xH => y
  | xI xH => y3
  | xI (xO xH) => y5
  | xI (xI xH) => y7
  | xO t => xO (windows y y3 y5 y7 t)
  | xI (xO (xO t)) => y + xO (xO (xO (windows y y3 y5 y7 t)))
  | xI (xI (xO t)) => y3 + xO (xO (xO (windows y y3 y5 y7 t)))
  | xI (xO (xI t)) => y5 + xO (xO (xO (windows y y3 y5 y7 t)))
  | xI (xI (xI t)) => y7 + xO (xO (xO (windows y y3 y5 y7 t)))
  end.
Definition product (x y : positive) : positive :=
  let y3 := y + xO y in let y5 := y + xO (xO y) in windows y y3 y5 (y5 + xO y) x.
Definition times (x y : Z) : Z :=
  match x, y with
  | Z0, _ => Z0
  | _, Z0 => Z0
  | Zpos x, Zpos y => Zpos (product x y)
  | Zpos x, Zneg y => Zneg (product x y)
  | Zneg x, Zpos y => Zneg (product x y)
  | Zneg x, Zneg y => Zpos (product x y)
  end.

Lemma windows_is : forall y n x, (Pos.to_nat x <= n)%nat -> windows y (3 * y) (5 * y) (7 * y) x = x * y.
Proof.
  intros y. induction n as [|n IH]; intros x H; [lia|].
  destruct x as [[[t|t|]|[t|t|]|]|t|]; cbn [windows]; try rewrite (IH t) by lia; lia.
Qed.
Lemma product_is : forall x y, product x y = x * y.
Proof.
  intros x y. unfold product. cbv zeta. rewrite <- (windows_is y _ x (le_n _)). f_equal; lia.
Qed.
Theorem times_is : Z.mul = times.
Proof.
  do 2 (apply functional_extensionality; intro). unfold times. destruct x, x0; cbn [Z.mul]; rewrite ?product_is; reflexivity.
Qed.

Definition examine_by : (Z -> Z -> Z) -> certificate -> option fault.
Proof.
  let t := opened in
  let t := eval cbv delta [sign_changes bernstein shift widen evaluator fon horner imul isqr products mul_up upper] in t in
  let t := eval pattern Z.mul in t in
  match t with ?f _ => exact f end.
Defined.
Lemma examine_by_is : examine = examine_by Z.mul.
Proof. reflexivity. Qed.

Definition pure_examine : certificate -> option fault := examine_by times.
Theorem pure_examine_ok : forall c, pure_examine c = None -> statement c.
Proof. intros c H. apply examine_ok. rewrite examine_by_is, times_is. exact H. Qed.
