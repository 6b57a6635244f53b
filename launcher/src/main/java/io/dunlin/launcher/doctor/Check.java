package io.dunlin.launcher.doctor;

/** Looks at one thing that training needs. */
interface Check {
    /** The first column: one or two words. */
    String title();

    /**
     * Looks.
     *
     * @throws Exception if looking itself fails, which counts as a failure of the thing
     */
    Finding look() throws Exception;
}
