//! isthmus-beds
#![forbid(unsafe_code)]
