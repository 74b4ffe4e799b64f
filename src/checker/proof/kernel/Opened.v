(** The checker with all that calls its arithmetic written out, so that other forms of the arithmetic may stand there. *)
From Polycert Require Import Vocabulary Statement Check core.Pieces core.Image core.Cascade core.Cells core.Ground
  core.Composite claims.Pool claims.Argmax claims.Clip claims.Direct.

Ltac opened :=
  let t := eval cbv delta [examine check_claims check_claim prove_ground prove_branch prove_stage prove_pieces
    prove_segments prove_segment prove_boxes enclose image_of images on with_slope g_at order_zero order_one
    deviation_cells derivative_bound magnitude_bound plain_cells plain each each_cells attains closeness_at deviation_at
    derivative_at magnitude_at prove_stage_ranges prove_closeness prove_deviation prove_derivative prove_magnitude
    prove_pool play prove_argmax witness_off play_weights prove_clip clip_error_at deviation_from prove_lines prove_parts
    prove_part prove_contraction image_over witness_in] in examine in
  constr:(t).
