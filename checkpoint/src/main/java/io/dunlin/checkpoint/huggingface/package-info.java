/**
 * Models of Hugging Face folders in and out: config.json and safetensors, whole or in shards.
 *
 * <p>Start at {@link io.dunlin.checkpoint.huggingface.HuggingFaceImport}. What is imported computes what it computed
 * there, or is refused with the field that stands against it; what is exported has been read back and compared.
 */
@NullMarked
package io.dunlin.checkpoint.huggingface;

import org.jspecify.annotations.NullMarked;
