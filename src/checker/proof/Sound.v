(** The theorem: what the checker accepts is true. *)
Require Import Bool ZArith QArith Reals List Lia.
From Polycert Require Import Vocabulary Statement Check core.Ground core.Composite format.Table format.Rounding
  claims.Pool claims.Argmax claims.Clip claims.Target claims.Expand claims.Direct series.Stage series.Rule.
Import ListNotations.

Section Sound.
Variable p : Z.
Hypothesis Hp : (9 <= p)%Z.
Variables (fs : list (R -> R)) (k : proved_of).
Hypothesis Hsides : forall g, sides k = Some g -> ground_ok p fs g.
Hypothesis Hitself : forall q, itself k = Some q -> same q (composite fs).
Hypothesis Hparts : forall l, in_parts k = Some l -> Forall2 means_part l fs.

Lemma check_claim_ok : forall earlier c h, Forall (states fs) earlier -> check_claim p k earlier c h = true ->
  states fs c.
Proof.
  intros earlier c h A H. assert (Hp0 : (0 <= p)%Z) by lia. assert (Hp1 : (1 <= p)%Z) by lia. unfold check_claim in H.
  destruct c as [| | | | | | | | | |a];
    [.. |destruct (in_parts k) as [l|]; [exact (series_ok p Hp fs l (Hparts l eq_refl) _ _ H)|discriminate]].
  all: (destruct (sides k) as [g|]; [pose proof (Hsides g eq_refl) as Hg|]);
    (destruct (itself k) as [q|]; [pose proof (Hitself q eq_refl) as Hq|]); try discriminate.
  all: try exact (stage_ranges_ok p Hp0 fs g Hg _ _ _ H).
  all: try exact (closeness_ok p Hp0 fs g Hg _ _ _ _ H).
  all: try exact (deviation_ok p Hp0 fs g Hg _ _ _ _ H).
  all: try exact (derivative_ok p Hp0 fs g Hg _ _ _ _ H).
  all: try exact (magnitude_claim_ok p Hp0 fs g Hg _ _ _ _ _ H).
  all: try exact (pool_ok p Hp1 fs g Hg _ _ A H).
  all: try exact (argmax_ok p Hp1 fs g Hg _ _ A H).
  all: try exact (clip_ok p Hp0 fs g Hg _ _ A H).
  all: try exact (lines_claim_ok p Hp0 q _ Hq _ _ _ _ H).
  all: exact (contraction_claim_ok p Hp0 q _ Hq _ _ _ _ _ H).
Qed.

Lemma check_claims_ok : forall cs earlier, Forall (states fs) earlier -> check_claims p k earlier cs = None ->
  Forall (states fs) (map fst cs).
Proof.
  induction cs as [|[c h] t IH]; intros earlier A H; [constructor|]. simpl in H.
  destruct (check_claim p k earlier c h) eqn:E; [|discriminate].
  pose proof (check_claim_ok _ _ _ A E) as S. constructor; [exact S|].
  apply (IH (earlier ++ [c])); [|exact H]. apply Forall_app. split; [exact A|]. constructor; [exact S|constructor].
Qed.
End Sound.

Theorem check_ok : forall c, check c = true -> statement c.
Proof.
  intros c H. unfold check, examine in H. cbv zeta in H.
  destruct (Z.leb 64 (precision c) && Z.leb (precision c) 2048) eqn:P; [|discriminate]. simpl negb in H. cbv iota in H.
  apply andb_prop in P as [P _]. apply Z.leb_le in P. assert (Hp : (9 <= precision c)%Z) by lia.
  destruct (hold_all (held_as c) (components c)) as [hs|] eqn:R; [|discriminate].
  destruct (expand_all (step_output c) hs) as [ls|] eqn:X; [|discriminate].
  destruct (prove_ground (precision c) ls (branches c)) as [g|] eqn:G; [|discriminate].
  pose proof (expand_all_ok _ _ _ X) as S.
  destruct (if step_output c then first_itself 0 (claims c) else None); [discriminate|].
  set (q := if existsb _ (claims c) then expand_composite ls else None) in H.
  set (l := if step_output c then None else parts_made hs) in H.
  assert (K : match check_claims (precision c) {| sides := g; itself := q; in_parts := l |} [] (claims c) with
    | Some i => Some (FaultClaim i)
    | None => if prove_target (map fst (claims c)) (goal c) then
        if as_made (made_for c) (target_function (goal c)) then None else Some FaultMadeFor
      else Some FaultTarget
    end = None).
  { destruct (existsb _ (claims c)), q; try discriminate; match type of H with
      match ?e with None => true | Some _ => false end = true => destruct e; [discriminate|reflexivity] end. }
  clear H. destruct (check_claims _ _ [] (claims c)) eqn:C; [discriminate|].
  destruct (prove_target (map fst (claims c)) (goal c)) eqn:T; [|discriminate].
  exists hs. split; [apply hold_all_ok, R|]. cbv zeta.
  assert (A : Forall (states (stages (step_output c) hs)) (map fst (claims c))).
  { apply (check_claims_ok (precision c) Hp _ {| sides := g; itself := q; in_parts := l |}) with (earlier := []);
      [| | |constructor|exact C].
    - simpl. intros g' E. subst g. apply (prove_ground_ok (precision c) ltac:(lia) _ ls (branches c)); assumption.
    - simpl. intros q' E. unfold q in E. destruct (existsb _ (claims c)); [|discriminate].
      apply (expand_composite_ok ls); assumption.
    - simpl. intros l' E. unfold l in E. destruct (step_output c); [discriminate|]. rewrite stages_plain.
      apply parts_made_ok, E. }
  split; [exact A|]. apply target_ok; assumption.
Qed.

(** The same, for the checker's answer where it says why not. *)
Corollary examine_ok : forall c, examine c = None -> statement c.
Proof. intros c H. apply check_ok. unfold check. rewrite H. reflexivity. Qed.
