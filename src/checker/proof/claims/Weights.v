(** How far the weights of a tournament are from one-hot; the derivation is in section 4 of the format, `argmax`. *)
Require Import Bool ZArith QArith Qreals Reals List Lra Lia Psatz.
From Polycert Require Import Vocabulary core.Number core.Ground claims.Tournament claims.Pool.
Import ListNotations.
Open Scope R_scope.

Section Bound.
Variables (f : R -> R) (c B E W : R).
Hypothesis Hc : 0 < c.
Hypothesis HE : 0 <= E.
Hypothesis Deviates : forall d, Rabs d <= W -> Rabs (r f d - ReLU d) <= E.
Variables (gap e most least : R).
Hypothesis Hgap : 0 < gap.
Hypothesis He : 0 <= e.
Hypothesis Hleast : 0 <= least.
Hypothesis Hmost : 1 + e <= most.
Hypothesis Shares : forall d, Rabs d <= W -> Rabs ((1 + f d) / 2) <= most /\ Rabs (1 - (1 + f d) / 2) <= most.
Hypothesis Close : forall d s, least <= Rabs d <= W -> sign_of s d -> Rabs (f d - s) <= 2 * e.
(** The leader's differences stay where p is close to a sign. *)
Hypothesis Lead : least <= c * gap - (W - 2 * c * B).

(** The weight of an input other than the leader, at a depth. *)
Definition other (i : nat) : R := match i with O => 0 | S i => e * most ^ i end.
Definition bound (k j i : nat) : R := if Nat.eqb j k then (1 + e) ^ i - 1 else other i.

Lemma most_up : forall i n, (i <= n)%nat -> most ^ i <= most ^ n.
Proof. intros. apply Rle_pow; [lra|assumption]. Qed.
Lemma most_pos : forall i, 0 < most ^ i.
Proof. intros. apply pow_lt. lra. Qed.
Lemma other_pos : forall i, 0 <= other i.
Proof. intros [|i]; simpl; [lra|]. apply Rmult_le_pos; [assumption|apply Rlt_le, most_pos]. Qed.

(** A factor within e of 1, one within e of 0, and any. *)
Lemma leader_kept : forall t w i n, (i < n)%nat -> Rabs (t - 1) <= e -> Rabs (w - 1) <= (1 + e) ^ i - 1 ->
  Rabs (t * w - 1) <= (1 + e) ^ n - 1.
Proof.
  intros t w i n Hin Ht Hw.
  assert (S : (1 + e) ^ S i <= (1 + e) ^ n) by (apply Rle_pow; [lra|lia]). simpl in S.
  replace (t * w - 1) with ((w - 1) * t + (t - 1)) by ring. apply Rle_trans with (1 := Rabs_triang _ _).
  rewrite Rabs_mult. assert (Rabs t <= 1 + e) by (apply abs_le in Ht; apply Rabs_le; lra).
  pose proof (Rabs_pos t). pose proof (Rabs_pos (w - 1)).
  assert (Rabs (w - 1) * Rabs t <= ((1 + e) ^ i - 1) * (1 + e)) by (apply Rmult_le_compat; lra). lra.
Qed.
Lemma other_kept : forall t w i n, (i < n)%nat -> Rabs (t - 1) <= e -> Rabs w <= other i -> Rabs (t * w) <= other n.
Proof.
  intros t w i n Hin Ht Hw. destruct n as [|n]; [lia|].
  assert (Rabs t <= most) by (apply abs_le in Ht; apply Rabs_le; lra).
  rewrite Rabs_mult. apply Rle_trans with (most * other i).
  { apply Rmult_le_compat; try apply Rabs_pos; assumption. }
  destruct i as [|i]; simpl.
  - rewrite Rmult_0_r. apply (other_pos (S n)).
  - replace (most * (e * most ^ i)) with (e * most ^ S i) by (simpl; ring).
    apply Rmult_le_compat_l; [exact He|]. apply most_up. lia.
Qed.
Lemma lost : forall t w i n, (i < n)%nat -> Rabs t <= e -> Rabs w <= most ^ i -> Rabs (t * w) <= other n.
Proof.
  intros t w i n Hin Ht Hw. destruct n as [|n]; [lia|]. rewrite Rabs_mult. simpl.
  apply Rmult_le_compat; try apply Rabs_pos; [exact Ht|]. apply Rle_trans with (1 := Hw). apply most_up. lia.
Qed.
Lemma any_kept : forall t w i n, (i < n)%nat -> Rabs t <= most -> Rabs w <= most ^ i -> Rabs (t * w) <= most ^ n.
Proof.
  intros t w i n Hin Ht Hw. rewrite Rabs_mult. apply Rle_trans with (most ^ S i); [|apply most_up; lia].
  simpl. apply Rmult_le_compat; try apply Rabs_pos; assumption.
Qed.

(** ** Leaders of parts *)
Lemma leads_maximum : forall k xs, leads k gap xs -> exists x, nth_error xs k = Some x /\ maximum x xs.
Proof.
  intros k xs [x [Hk H]]. exists x. split; [exact Hk|]. split; [apply nth_error_In in Hk; exact Hk|].
  apply Forall_forall. intros y Hy. apply In_nth_error in Hy as [j Hj].
  destruct (Nat.eq_dec j k) as [->|N]; [rewrite Hk in Hj; injection Hj as ->; lra|].
  specialize (H j y Hj N). lra.
Qed.
Lemma leads_left : forall k xs ys, leads k gap (xs ++ ys) -> (k < length xs)%nat ->
  leads k gap xs /\ forall M N, maximum M xs -> maximum N ys -> gap <= M - N.
Proof.
  intros k xs ys [x [Hk H]] L. rewrite nth_error_app1 in Hk by assumption.
  assert (K : leads k gap xs).
  { exists x. split; [exact Hk|]. intros j y Hj N. apply (H j y); [|exact N].
    rewrite nth_error_app1; [exact Hj|]. apply nth_error_Some. congruence. }
  split; [exact K|]. intros M N [_ FM] [IN _]. apply In_nth_error in IN as [j Hj].
  assert (N + gap <= x).
  { apply (H (length xs + j)%nat); [|lia]. rewrite nth_error_app2 by lia.
    replace (length xs + j - length xs)%nat with j by lia. exact Hj. }
  rewrite Forall_forall in FM. apply nth_error_In in Hk. specialize (FM _ Hk). lra.
Qed.
Lemma leads_right : forall k xs ys, leads k gap (xs ++ ys) -> (length xs <= k)%nat ->
  leads (k - length xs) gap ys /\ forall M N, maximum M xs -> maximum N ys -> gap <= N - M.
Proof.
  intros k xs ys [x [Hk H]] L. rewrite nth_error_app2 in Hk by assumption. split.
  - exists x. split; [exact Hk|]. intros j y Hj N. apply (H (length xs + j)%nat y); [|lia].
    rewrite nth_error_app2 by lia. replace (length xs + j - length xs)%nat with j by lia. exact Hj.
  - intros M N [IM _] [_ FN]. apply In_nth_error in IM as [j Hj].
    assert (Lj : (j < length xs)%nat) by (apply nth_error_Some; congruence).
    assert (M + gap <= x) by (apply (H j); [rewrite nth_error_app1; assumption|lia]).
    rewrite Forall_forall in FN. apply nth_error_In in Hk. specialize (FN _ Hk). lra.
Qed.

(** ** What every value of the tournament keeps *)
Definition weighed (v : R * list R) (i a : nat) (xs : list R) : Prop :=
  near c B E W (fst v) i a xs /\ (in_range B xs -> 2 * c * B + INR a * E <= W ->
    length (snd v) = length xs
    /\ (forall j w, nth_error (snd v) j = Some w -> Rabs w <= most ^ i)
    /\ (forall k, leads k gap xs -> forall j w, nth_error (snd v) j = Some w -> off k j w <= bound k j i)).

Lemma weighed_leaf : forall x, weighed (c * x + / 2, [1]) 0 0 [x].
Proof.
  intros x. split; [apply near_leaf|]. intros _ _. split; [reflexivity|].
  assert (One : forall j w, nth_error [1] j = Some w -> j = 0%nat /\ w = 1).
  { intros [|[|j]] w H; simpl in H; try discriminate. injection H as <-. auto. }
  cbn [snd]. split.
  - intros j w H. destruct (One j w H) as [-> ->]. simpl. rewrite Rabs_R1. lra.
  - intros k [y [Hk _]] j w H. destruct (One j w H) as [-> ->].
    destruct k as [|[|k]]; simpl in Hk; try discriminate.
    unfold off, bound. simpl. replace (1 - 1) with 0 by ring. rewrite Rabs_R0. lra.
Qed.

Lemma weigh_m : forall u v, fst (weigh f u v) = m f (fst u) (fst v).
Proof. intros u v. unfold weigh, m. simpl. field. Qed.

(** An entry of the weights of a match. *)
Lemma entry_of : forall s t (ws vs : list R) j w, nth_error (map (Rmult s) ws ++ map (Rmult t) vs) j = Some w ->
  ((j < length ws)%nat /\ exists z, nth_error ws j = Some z /\ w = s * z)
  \/ ((length ws <= j)%nat /\ exists z, nth_error vs (j - length ws) = Some z /\ w = t * z).
Proof.
  intros s t ws vs j w H. destruct (Nat.lt_ge_cases j (length ws)) as [L|L].
  - left. split; [exact L|]. rewrite nth_error_app1 in H by (rewrite map_length; exact L).
    rewrite nth_error_map in H. destruct (nth_error ws j) as [z|]; [|discriminate]. injection H as <-. eauto.
  - right. split; [exact L|]. rewrite nth_error_app2 in H by (rewrite map_length; exact L).
    rewrite map_length, nth_error_map in H. destruct (nth_error vs (j - length ws)) as [z|]; [|discriminate].
    injection H as <-. eauto.
Qed.

Lemma weighed_play : forall u v i j a b xs ys, weighed u i a xs -> weighed v j b ys ->
  weighed (weigh f u v) (S (Nat.max i j)) (Nat.max (i + j) (Nat.max a b)) (xs ++ ys).
Proof.
  intros u v i j a b xs ys [Nu Hu] [Nv Hv]. split.
  { rewrite weigh_m. apply (near_play f c B E W Hc HE Deviates); assumption. }
  intros Hin HW. destruct (near_parts c B E W Hc HE _ _ _ _ _ _ _ _ Nu Nv Hin HW)
    as [M [N [HM [HN [_ [_ [KW Dif]]]]]]].
  assert (Mono : forall k, (k <= Nat.max (i + j) (Nat.max a b))%nat -> 2 * c * B + INR k * E <= W).
  { intros k Hk. apply le_INR in Hk. apply Rmult_le_compat_r with (1 := HE) in Hk. lra. }
  assert (Hsum : INR (i + j) * E <= W - 2 * c * B) by (pose proof (Mono (i + j)%nat ltac:(lia)); lra).
  rewrite plus_INR in Hsum. apply Forall_app in Hin as [Ix Iy].
  destruct (Hu Ix (Mono a ltac:(lia))) as [Lu [Au Ku]]. destruct (Hv Iy (Mono b ltac:(lia))) as [Lv [Av Kv]].
  set (d := fst u - fst v) in *. destruct (Shares d KW) as [S1 S2]. apply abs_le in Dif.
  unfold weigh. fold d. set (s := (1 + f d) / 2) in *. cbn [fst snd]. split; [|split].
  - rewrite !app_length, !map_length. congruence.
  - intros q w H. destruct (entry_of _ _ _ _ _ _ H) as [[_ [z [Hz ->]]]|[_ [z [Hz ->]]]].
    + apply any_kept with i; [lia|exact S1|apply (Au _ _ Hz)].
    + apply any_kept with j; [lia|exact S2|apply (Av _ _ Hz)].
  - intros k Hk q w H. unfold off, bound. destruct (Nat.lt_ge_cases k (length xs)) as [L|L].
    + destruct (leads_left _ _ _ Hk L) as [K G]. specialize (G M N HM HN).
      assert (Gc : c * gap <= c * (M - N)) by (apply Rmult_le_compat_l; lra).
      assert (Hd : least <= d) by lra.
      assert (Sd : sign_of 1 d) by (split; [auto|rewrite Rabs_right; lra]).
      pose proof (Close d 1 ltac:(rewrite Rabs_right in * by lra; lra) Sd) as C. apply abs_le in C.
      destruct (entry_of _ _ _ _ _ _ H) as [[Lq [z [Hz ->]]]|[Lq [z [Hz ->]]]].
      * specialize (Ku k K q z Hz). unfold off, bound in Ku. destruct (Nat.eqb q k).
        -- apply leader_kept with i; [lia|apply Rabs_le; unfold s; lra|exact Ku].
        -- rewrite Rminus_0_r in *. apply other_kept with i; [lia|apply Rabs_le; unfold s; lra|exact Ku].
      * destruct (Nat.eqb_spec q k) as [->|_]; [lia|]. rewrite Rminus_0_r.
        apply lost with j; [lia|apply Rabs_le; unfold s; lra|apply (Av _ _ Hz)].
    + destruct (leads_right _ _ _ Hk L) as [K G]. specialize (G M N HM HN).
      assert (Gc : c * gap <= c * (N - M)) by (apply Rmult_le_compat_l; lra).
      assert (Hd : d <= - least) by lra.
      assert (Ad : Rabs d = - d) by (destruct (Req_dec d 0) as [->|]; [rewrite Rabs_R0; ring|apply Rabs_left; lra]).
      assert (Sd : sign_of (-1) d) by (split; [auto|rewrite Ad; ring]).
      pose proof (Close d (-1) ltac:(rewrite Ad in *; lra) Sd) as C. apply abs_le in C.
      destruct (entry_of _ _ _ _ _ _ H) as [[Lq [z [Hz ->]]]|[Lq [z [Hz ->]]]].
      * destruct (Nat.eqb_spec q k) as [->|_]; [lia|]. rewrite Rminus_0_r.
        apply lost with i; [lia|apply Rabs_le; unfold s; lra|apply (Au _ _ Hz)].
      * specialize (Kv _ K _ z Hz). unfold off, bound in Kv.
        destruct (Nat.eqb_spec q k) as [->|Nq].
        -- replace (Nat.eqb (k - length (snd u)) (k - length xs)) with true in Kv
             by (symmetry; apply Nat.eqb_eq; lia).
           apply leader_kept with j; [lia|apply Rabs_le; unfold s; lra|exact Kv].
        -- replace (Nat.eqb (q - length (snd u)) (k - length xs)) with false in Kv
             by (symmetry; apply Nat.eqb_neq; lia).
           rewrite Rminus_0_r in *. apply other_kept with j; [lia|apply Rabs_le; unfold s; lra|exact Kv].
Qed.

Theorem weights_bound : forall xs, in_range B xs -> xs <> [] ->
  2 * c * B + INR (snd (depths (length xs))) * E <= W -> forall k, leads k gap xs ->
  forall j w, nth_error (weights f c xs) j = Some w -> off k j w <= bound k j (fst (depths (length xs))).
Proof.
  intros xs Hin N HW k Hk j w Hj.
  pose proof (winner_keeps _ _ (side_by_side (weigh f) deeper) (fun x => ((c * x + / 2, [1]), (0, 0)%nat))
    (fun v xs => weighed (fst v) (fst (snd v)) (snd (snd v)) xs) weighed_leaf
    (fun a b xs ys => weighed_play _ _ _ _ _ _ xs ys) ((0, []), (0, 0)%nat) xs N) as K.
  cbv beta in K.
  rewrite (winner_pair _ _ _ (weigh f) deeper (0, []) (0, 0)%nat (fun x => (c * x + / 2, [1])) (fun _ => (0, 0)%nat)) in K.
  rewrite depths_of in K. cbn [fst snd] in K. destruct K as [_ K]. destruct (K Hin HW) as [_ [_ K']].
  apply (K' k Hk j w Hj).
Qed.
End Bound.
