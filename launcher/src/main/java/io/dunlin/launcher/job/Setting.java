package io.dunlin.launcher.job;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Describes a key of the job file beside the record component that holds it. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {
    /** What the key does: one sentence, without the period. */
    String value();

    /** The default as TOML; empty if the key has none. */
    String standard() default "";

    /** Where the value comes from when nobody gives it and there is no fixed default; empty if it must be given. */
    String derived() default "";

    /** The key in the file where Java does not allow the word as a name. */
    String key() default "";

    /** The least number allowed. */
    double min() default Double.NEGATIVE_INFINITY;

    /** The number must be larger than this. */
    double above() default Double.NEGATIVE_INFINITY;

    /** The largest number allowed. */
    double max() default Double.POSITIVE_INFINITY;

    /** What the text stands for. */
    Meaning meaning() default Meaning.PLAIN;

    /** What a text stands for. */
    enum Meaning {
        /** Just the text. */
        PLAIN,
        /** A path or pattern of paths: a relative one counts from the folder in which the command was given. */
        PATH
    }
}
