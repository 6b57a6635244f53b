package io.dunlin.nn;

/** What a parameter holds before training. */
public sealed interface Initial {
    /** All zeros. */
    Initial ZEROS = new Constant(0f);

    /** All ones. */
    Initial ONES = new Constant(1f);

    /** Every element the same. */
    record Constant(float value) implements Initial {}

    /** Independent normal numbers around zero. */
    record Normal(double deviation) implements Initial {}
}
